"""Puts the inspector's word over what workers report: a camera that records while a mask is not applied is `unmasked`.

Recording goes on meanwhile. A mask that fails must not be a way to blind a camera, and what was recorded can be masked
or deleted later, while what was not recorded is gone; so this fails open, loudly, until the mask is seen blank.
"""

from collections.abc import Iterable
from dataclasses import replace

import structlog

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage_ingest import metrics
from vantage_ingest.domain.inspection import Alarm
from vantage_ingest.domain.status import Condition
from vantage_ingest.masks.results import Results

_log = structlog.get_logger()


class MaskWatch:
    """The alarms of this replica's cameras, each with when it began. Calls come from one thread."""

    def __init__(self, results: Results, clock: Clock) -> None:
        self._results = results
        self._clock = clock
        self._alarms: dict[str, tuple[Alarm, int]] = {}

    def refresh(self, cameras: Iterable[Camera]) -> None:
        """See what the inspector has written; a line in the log where an alarm begins, changes or ends."""
        found: dict[str, tuple[Alarm, int]] = {}
        for camera in cameras:
            alarm = self._results.alarm(camera)
            before = self._alarms.get(camera.camera_id)
            if alarm is not None:
                same = before is not None and before[0] == alarm
                found[camera.camera_id] = before if same and before else (alarm, self._clock.now_us())
            self._say(camera.camera_id, before[0] if before else None, alarm)
        self._alarms = found
        metrics.UNMASKED_CAMERAS.set(len(found))

    def over(self, condition: Condition) -> Condition:
        """The condition as it is to be published: only a camera that is online can be unmasked."""
        known = self._alarms.get(condition.camera_id)
        if known is None or condition.state != "online":
            return condition
        alarm, since_us = known
        since_us = max(since_us, condition.since_us)
        return replace(condition, state="unmasked", cause=alarm.cause, remedy=alarm.remedy, since_us=since_us)

    @staticmethod
    def _say(camera_id: str, before: Alarm | None, after: Alarm | None) -> None:
        if after is not None and before != after:
            _log.error("a camera is unmasked", camera=camera_id, cause=after.cause, remedy=after.remedy)
        elif after is None and before is not None:
            _log.info("a camera's masks are blank again", camera=camera_id)
