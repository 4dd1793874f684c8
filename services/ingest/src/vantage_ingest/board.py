"""What is known of each camera: workers report it, one thread publishes it on each change and every minute.

Who reports never waits here for the event log. A *fenced* board says nothing: another replica may speak by then.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import get_args

import structlog

from vantage.clock import Clock
from vantage.contracts.status import CameraState
from vantage.errors import VantageError
from vantage_ingest import metrics
from vantage_ingest.domain.status import Condition
from vantage_ingest.ports import Announcer
from vantage_ingest.said import Said

_TOPIC = "camera-status.v1"
_STATES: tuple[CameraState, ...] = get_args(CameraState)
_QUIET = {"online", "connecting", "paused"}
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
        self.fenced = False
        self.over: Callable[[Condition], Condition] = lambda condition: condition
        """Puts over a condition what another part knows of the camera, as it is published."""

    def set(self, camera_id: str, state: CameraState, cause: str = "", remedy: str = "") -> None:
        """A camera's state; a line in the log where it is another than before."""
        now_us = self._clock.now_us()
        with self._lock:
            before = self._conditions.get(camera_id)
            first = before or Condition(camera_id, state, now_us, cause, remedy)
            after = first.changed(state, cause, remedy, now_us)
            self._conditions[camera_id] = after
        if before is not after:
            _say(after)

    def took(self, conditions: Iterable[Condition]) -> None:
        """What a worker reported; a line in the log where a state is another than before."""
        changed: list[Condition] = []
        with self._lock:
            for condition in conditions:
                before = self._conditions.get(condition.camera_id)
                self._conditions[condition.camera_id] = condition
                if before is None or _news(before, condition):
                    changed.append(condition)
        for condition in changed:
            _say(condition)

    def state(self, camera_id: str) -> CameraState | None:
        """The camera's state, as far as it is known."""
        with self._lock:
            known = self._conditions.get(camera_id)
        return known.state if known else None

    def forget(self, camera_id: str) -> None:
        """Another replica speaks for the camera now."""
        with self._lock:
            self._conditions.pop(camera_id, None)
            self._told.pop(camera_id, None)

    def publish(self) -> None:
        """Publish what changed and what was not said for a minute, all together; what is not delivered is due again."""
        self._measure()
        if self.fenced:
            return
        now_us = self._clock.now_us()
        due = self._due(now_us)
        if not due:
            return
        try:
            for condition in due:
                self._publisher.publish(_TOPIC, condition.message(now_us))
            self._publisher.flush()
        except VantageError as error:
            self._said.bad("status", "camera status cannot be published", str(error))
            return
        with self._lock:
            self._told.update({one.camera_id: (one, now_us) for one in due if one.camera_id in self._conditions})
        self._said.good("status", "camera status is published again")

    def _due(self, now_us: int) -> list[Condition]:
        return [one for one in self._all() if self._is_due(one, now_us)]

    def _all(self) -> list[Condition]:
        with self._lock:
            conditions = list(self._conditions.values())
        return [self.over(one) for one in conditions]

    def _is_due(self, condition: Condition, now_us: int) -> bool:
        told = self._told.get(condition.camera_id)
        if told is None:
            return True
        before, at_us = told
        return _news(before, condition) or now_us - at_us >= self._repeat_us

    def _measure(self) -> None:
        count = Counter(one.state for one in self._all())
        for state in _STATES:
            metrics.CAMERAS.labels(state).set(count[state])


def _news(before: Condition, after: Condition) -> bool:
    return (before.state, before.cause, before.since_us) != (after.state, after.cause, after.since_us)


def _say(condition: Condition) -> None:
    say = _log.info if condition.state in _QUIET else _log.warning
    say(
        "camera",
        camera=condition.camera_id,
        state=condition.state,
        cause=condition.cause,
        remedy=condition.remedy,
    )
