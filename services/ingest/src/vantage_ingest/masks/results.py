"""What the inspector found, a small file a stream: written by it, read by the supervisor, and kept over restarts of
both, so that an alarm stands until the mask was seen blank.
"""

from pathlib import Path

import msgspec

from vantage.contracts import Camera
from vantage.contracts.base import StreamName
from vantage_ingest import metrics
from vantage_ingest.domain.inspection import Alarm, Report, alarm
from vantage_ingest.masks.sampler import FOLDER

_STREAMS: tuple[StreamName, ...] = ("main", "sub")


class Results:
    """The reports in `<state>/inspect/results`."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER / "results"
        self._read: dict[str, tuple[int, Report | None]] = {}

    def load(self, camera_id: str, stream: StreamName) -> Report:
        """What is known of the stream; an empty report where nothing is, or the file is damaged. Raises OSError."""
        path = self._path(camera_id, stream)
        return _report(path) or Report(camera_id=camera_id, stream=stream, taken_us=0)

    def save(self, report: Report) -> None:
        """Keep it in place of what was known. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(report.camera_id, report.stream)
        beside = path.with_suffix(".part")
        beside.write_bytes(msgspec.json.encode(report))
        beside.replace(path)

    def alarm(self, camera: Camera) -> Alarm | None:
        """Whether the camera is unmasked. Reads a file only where it was written since the last call."""
        if not camera.masks:
            return None
        reports = [self._newest(self._path(camera.camera_id, stream)) for stream in _STREAMS]
        return alarm([report for report in reports if report is not None], camera.masks)

    def _newest(self, path: Path) -> Report | None:
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            self._read.pop(path.name, None)
            return None
        known = self._read.get(path.name)
        if known is None or known[0] != written:
            known = self._read[path.name] = written, _report(path)
            _count(known[1])
        return known[1]

    def _path(self, camera_id: str, stream: StreamName) -> Path:
        return self._folder / f"{camera_id}-{stream}.json"


def _count(report: Report | None) -> None:
    if report is None or report.unreadable:
        metrics.MASK_CHECKS.labels("unreadable").inc()
    else:
        for one in report.seen:
            metrics.MASK_CHECKS.labels(one.verdict).inc()


def _report(path: Path) -> Report | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
