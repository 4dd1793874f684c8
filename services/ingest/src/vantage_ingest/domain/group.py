"""The pictures of one fragment, and why nothing stands directly before them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vantage.contracts.recording import GapCause
from vantage_ingest.domain.init_segment import InitSegment
from vantage_ingest.domain.stream import TICKS, AccessUnit

USUAL_FRAME = TICKS // 25


@dataclass(frozen=True)
class Break:
    """Why nothing was recorded for a while."""

    cause: GapCause
    detail: str


@dataclass(frozen=True, slots=True)
class Group:
    """A keyframe and what follows it; every unit has a time stamp. `init` is of the parameter sets in force.

    `end` is the next group's begin in ticks, known or assumed; `joined` says that it begins exactly there; `after`
    what is missing, or went wrong, before this group within its connection.
    """

    units: tuple[AccessUnit, ...] = field(repr=False)
    init: InitSegment
    begin: int
    end: int
    joined: bool
    after: Break | None

    @property
    def timed(self) -> bool:
        """Whether every time stamp is the stream's own."""
        return all(unit.timed for unit in self.units)


def group_of(units: Sequence[AccessUnit], init: InitSegment, end: int | None, after: Break | None) -> Group:
    """The group of these pictures; without a usable `end` the last picture is shown as long as is usual among them."""
    times = sorted([unit.pts or 0 for unit in units])
    last = times[-1]
    until = last + _usual_step(times) if end is None or end <= last else end
    return Group(tuple(units), init, times[0], until, end == until, after)


def _usual_step(times: Sequence[int]) -> int:
    """The middle one of the steps between the pictures: how long the last one is taken to be shown."""
    steps = sorted(after - at for at, after in pairwise(times))
    return steps[len(steps) // 2] if steps and steps[len(steps) // 2] > 0 else USUAL_FRAME
