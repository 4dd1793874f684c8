"""The way of a finished fragment into live video: past the load policy, into the queue."""

import structlog

from vantage.clock import Clock
from vantage.contracts.status import Shed
from vantage_ingest import metrics
from vantage_ingest.domain.overload import Level, Load, Overload
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.live_dropped import LiveDropped
from vantage_ingest.live_queue import LiveQueue

_SHED = {
    Level.NONE: "nothing is shed any more",
    Level.SUB: "behind: live video of smaller streams is shed",
    Level.MAIN: "behind: live video is shed",
}
_log = structlog.get_logger()


class LiveGate:
    """One worker's gate. `offer` never waits."""

    def __init__(self, queue: LiveQueue, dropped: LiveDropped, clock: Clock, slot: str) -> None:
        self._queue = queue
        self._dropped = dropped
        self._clock = clock
        self._overload = Overload()
        self._level = metrics.OVERLOAD.labels(slot)

    def offer(self, live: LiveFragment) -> None:
        """Queue a fragment, or shed and count it."""
        if self._overload.admits(live.stream):
            self._queue.offer(live)
        else:
            self._dropped.count([live], "overload")

    def observe(self, *, loop_lag_s: float, spool_filled: float) -> None:
        """Decide anew; to be called a few times a second, by one thread."""
        before = self._overload.level
        load = Load(loop_lag_s, self._queue.filled, spool_filled)
        level = self._overload.observe(load, self._clock.monotonic())
        if level != before:
            self._level.set(level)
            say = _log.warning if level > before else _log.info
            say(
                _SHED[level],
                lag=round(load.loop_lag_s, 2),
                live=round(load.live_filled, 2),
                spool=round(spool_filled, 2),
            )

    def shed(self, camera_id: str) -> Shed:
        """What the camera lost, for its status."""
        return self._dropped.of(camera_id)

    def forget(self, camera_id: str) -> None:
        """The camera is not read any more."""
        self._dropped.forget(camera_id)
