"""The load policy: what is given up, and in which order, when ingest is behind. Recording is not among it.

Level 1 sheds live fragments of the smaller streams, which are there for analysis; level 2 those of the main streams as
well. A recording is given up only where the disk, or the spool's own limit, takes no more of it: nothing here can ask
for that.

How it is used. One `Overload` a worker: `observe` is called a few times a second with what was measured, and `admits`
before a fragment is offered to the live queue. `LiveGate` does both and counts what was shed, so that a camera's task
calls `gate.offer(fragment)` alone and puts `gate.shed(camera_id)` into the camera's status.

The level rises by one when what asks for it has lasted for `rise_s`, and falls by one when no measure has been above
half of its threshold for `fall_s`: a level that went up and down with each tick would make live video flicker.
"""

from dataclasses import dataclass
from enum import IntEnum

from vantage.contracts.base import StreamName


class Level(IntEnum):
    """What is shed."""

    NONE = 0
    SUB = 1
    MAIN = 2


@dataclass(frozen=True)
class Load:
    """What was measured: by how many seconds the loop is late; how full, from 0 to 1, the live queue and the spool are.

    A spool that fills says that recordings reach the store more slowly than they are made: live video is then in their
    way, at the store and on the network.
    """

    loop_lag_s: float = 0.0
    live_filled: float = 0.0
    spool_filled: float = 0.0


_THRESHOLDS = (Load(0.25, 0.5, 0.5), Load(1.0, 0.8, 0.8))
_RELIEF = 0.5


class Overload:
    """The level, from one observation to the next. Times are monotonic seconds."""

    def __init__(self, rise_s: float = 1.0, fall_s: float = 10.0) -> None:
        self._rise_s = rise_s
        self._fall_s = fall_s
        self._since: tuple[int, float] | None = None
        self.level = Level.NONE

    def admits(self, stream: StreamName) -> bool:
        """Whether live fragments of this stream are sent now."""
        return self.level < (Level.SUB if stream == "sub" else Level.MAIN)

    def observe(self, load: Load, now_s: float) -> Level:
        """Take a measurement in; gives the level from now on."""
        step = _step(load, self.level)
        if step == 0:
            self._since = None
        elif self._since is None or self._since[0] != step:
            self._since = step, now_s
        elif now_s - self._since[1] >= (self._rise_s if step > 0 else self._fall_s):
            self.level = Level(self.level + step)
            self._since = step, now_s
        return self.level


def _step(load: Load, level: Level) -> int:
    """1 where the load asks for a higher level, -1 where it would do with a lower one."""
    if _asked(load, 1.0) > level:
        return 1
    return -1 if _asked(load, _RELIEF) < level else 0


def _asked(load: Load, share: float) -> int:
    """How many of the levels' thresholds, taken at this share of them, the load has reached."""
    return sum(
        load.loop_lag_s >= at.loop_lag_s * share
        or load.live_filled >= at.live_filled * share
        or load.spool_filled >= at.spool_filled * share
        for at in _THRESHOLDS
    )
