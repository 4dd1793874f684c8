"""What overload cost each camera of its live video: by camera and stream for its status, by reason as a metric."""

import threading
from collections.abc import Sequence

from vantage.contracts.status import Shed
from vantage_ingest import metrics
from vantage_ingest.domain.pack import LiveFragment


class LiveDropped:
    """Counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Shed] = {}

    def count(self, fragments: Sequence[LiveFragment], reason: str) -> None:
        """Fragments that nobody will see."""
        with self._lock:
            for live in fragments:
                before, main = self.of(live.camera_id), live.stream == "main"
                self._counts[live.camera_id] = Shed(sub=before.sub + (not main), main=before.main + main)
                metrics.LIVE_DROPPED.labels(reason, live.stream).inc()

    def of(self, camera_id: str) -> Shed:
        """What the camera lost since it was read."""
        return self._counts.get(camera_id, Shed())

    def forget(self, camera_id: str) -> None:
        """The camera is not read any more."""
        with self._lock:
            self._counts.pop(camera_id, None)
