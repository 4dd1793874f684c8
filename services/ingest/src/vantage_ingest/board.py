"""What is known of each camera: cameras' threads write it, one thread publishes it on each change and every minute.

A camera's thread never waits here for the event log.
"""

import threading
from collections import Counter
from dataclasses import replace

import structlog

from vantage.clock import Clock
from vantage.contracts.status import CameraState
from vantage.errors import VantageError
from vantage_ingest import metrics
from vantage_ingest.domain.status import Condition
from vantage_ingest.ports import Announcer
from vantage_ingest.said import Said

_TOPIC = "camera-status.v1"
_STATES: tuple[CameraState, ...] = ("connecting", "online", "stalled", "offline", "refused", "unsupported", "paused")
_log = structlog.get_logger()


class StatusBoard:
    """The conditions of the cameras of this replica."""

    def __init__(self, publisher: Announcer, clock: Clock, repeat_s: float) -> None:
        self._publisher = publisher
        self._clock = clock
        self._repeat_us = round(repeat_s * 1e6)
        self._lock = threading.Lock()
        self._conditions: dict[str, Condition] = {}
        self._told: dict[str, tuple[Condition, int]] = {}
        self._said = Said(clock)

    def set(self, camera_id: str, state: CameraState, cause: str = "", remedy: str = "") -> None:
        """A camera's state; a line in the log where it is another than before."""
        now_us = self._clock.now_us()
        with self._lock:
            before = self._conditions.get(camera_id)
            first = before or Condition(camera_id, state, now_us, cause, remedy)
            after = first.changed(state, cause, remedy, now_us)
            self._conditions[camera_id] = after
        if before is not after:
            say = _log.info if state in ("online", "connecting", "paused") else _log.warning
            say("camera", camera=camera_id, state=state, cause=cause, remedy=remedy)

    def note(self, camera_id: str, *, epoch: int, reconnects: int, clock_offset_us: int | None) -> None:
        """Figures that are published with the next status and are no change by themselves."""
        with self._lock:
            known = self._conditions.get(camera_id)
            if known is not None:
                figures = {"epoch": epoch, "reconnects": reconnects, "clock_offset_us": clock_offset_us}
                self._conditions[camera_id] = replace(known, **figures)  # type: ignore[arg-type]

    def forget(self, camera_id: str) -> None:
        """Another replica speaks for the camera now."""
        with self._lock:
            self._conditions.pop(camera_id, None)
            self._told.pop(camera_id, None)

    def publish(self) -> None:
        """Publish what changed and what was not said for a minute."""
        now_us = self._clock.now_us()
        for condition in self._due(now_us):
            try:
                self._publisher.publish(_TOPIC, condition.message(now_us))
            except VantageError as error:
                self._said.bad("status", "camera status cannot be published", str(error))
                return
            self._told[condition.camera_id] = condition, now_us
        self._said.good("status", "camera status is published again")
        self._measure()

    def _due(self, now_us: int) -> list[Condition]:
        with self._lock:
            conditions = list(self._conditions.values())
        return [one for one in conditions if self._is_due(one, now_us)]

    def _is_due(self, condition: Condition, now_us: int) -> bool:
        told = self._told.get(condition.camera_id)
        if told is None:
            return True
        before, at_us = told
        news = (before.state, before.cause, before.since_us) != (condition.state, condition.cause, condition.since_us)
        return news or now_us - at_us >= self._repeat_us

    def _measure(self) -> None:
        with self._lock:
            count = Counter(one.state for one in self._conditions.values())
        for state in _STATES:
            metrics.CAMERAS.labels(state).set(count[state])
