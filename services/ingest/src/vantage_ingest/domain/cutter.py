"""Cuts a camera's pictures into groups at keyframes: what one fragment holds.

A group is cut at the first keyframe after the wanted length. A group of pictures that is longer makes a longer
fragment; past `LONGEST_S` or `LARGEST` bytes it is closed as it is, and nothing more is taken before the next keyframe,
so that memory stays bounded and every fragment still begins with a keyframe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from vantage.contracts.recording import GapCause
from vantage_ingest.domain.fragment import Sample
from vantage_ingest.domain.nal import updated, without_sets
from vantage_ingest.domain.stream import TICKS, AccessUnit, ParameterSets

LONGEST_S = 30
LARGEST = 64 * 1024 * 1024
HOLE_S = 2
"""No picture for longer than this, by the stream's own time, is a gap and not a slow frame."""
_EARLY = 0.8
"""A keyframe this share of the wanted length after the first is meant as the next: cameras are not exact."""
_USUAL_FRAME = TICKS // 25


@dataclass(frozen=True)
class Break:
    """Why nothing was recorded for a while."""

    cause: GapCause
    detail: str


@dataclass(frozen=True)
class Group:
    """The pictures of one fragment, a keyframe first; `end` is the next one's begin in ticks, known or assumed.

    `joined` says that the next group begins exactly there; `after` what is missing before this group within its
    connection.
    """

    units: tuple[AccessUnit, ...]
    sets: ParameterSets
    begin: int
    end: int
    joined: bool
    after: Break | None

    @property
    def timed(self) -> bool:
        """Whether every time stamp is the stream's own."""
        return all(unit.timed for unit in self.units)

    def times(self) -> list[int]:
        """When each picture is shown, in ticks, in the order of decoding."""
        return [unit.pts or 0 for unit in self.units]

    def samples(self) -> list[Sample]:
        """The pictures as samples: decoding times are the presentation times in order, so that B-frames fit, too."""
        shown = self.times()
        decoded = sorted(shown)
        following = [*decoded[1:], self.end]
        return [
            Sample(max(0, after - at), show - at, unit.keyframe, unit.nals)
            for unit, show, at, after in zip(self.units, shown, decoded, following, strict=True)
        ]


class Cutter:
    """One connection's pictures in, groups out. `skipped` counts pictures before a keyframe, which nobody can show."""

    def __init__(self, sets: ParameterSets, wanted_s: int) -> None:
        self._sets = sets
        self._units_sets = sets
        self._early = round(wanted_s * TICKS * _EARLY)
        self._units: list[AccessUnit] = []
        self._bytes = 0
        self._latest: int | None = None
        self._after: Break | None = None
        self.skipped = 0

    def timed(self, unit: AccessUnit) -> AccessUnit:
        """The picture with a time stamp: where the stream gave none, a usual frame after the latest."""
        if unit.pts is not None:
            return unit
        return replace(unit, pts=0 if self._latest is None else self._latest + _USUAL_FRAME, timed=False)

    def feed(self, unit: AccessUnit) -> Group | None:
        """Take the next picture, with its time stamp; gives the group that it ends, if it does."""
        sets = updated(self._sets, unit.nals) if unit.keyframe else self._sets
        unit = replace(unit, nals=without_sets(sets.codec, unit.nals))
        group = self._cut(unit, unit.pts or 0, sets) if unit.nals else None
        self._sets = sets
        if unit.nals:
            self._take(unit)
        return group

    def flush(self) -> Group | None:
        """The group that is being filled, when the stream has ended."""
        return self._close(None, None)

    @property
    def begun(self) -> bool:
        """Whether the last picture began a group."""
        return len(self._units) == 1

    def _cut(self, unit: AccessUnit, pts: int, sets: ParameterSets) -> Group | None:
        if not self._units or self._latest is None:
            return None
        if reason := self._broken(pts - self._latest):
            return self._close(None, reason)
        if unit.keyframe and (pts - self._begin >= self._early or sets is not self._sets):
            return self._close(pts, None)
        if pts - self._begin > LONGEST_S * TICKS or self._bytes + unit.size > LARGEST:
            detail = f"no keyframe for {(pts - self._begin) / TICKS:.0f} s and {self._bytes} bytes"
            return self._close(None, Break("codec-unsupported", detail))
        return None

    def _broken(self, step: int) -> Break | None:
        if step > HOLE_S * TICKS:
            return Break("stream-stalled", f"no picture for {step / TICKS:.1f} s")
        if step < -HOLE_S * TICKS:
            return Break("stream-stalled", f"the stream's time stamps went back by {-step / TICKS:.1f} s")
        return None

    def _take(self, unit: AccessUnit) -> None:
        pts = unit.pts or 0
        if not self._units and not unit.keyframe:
            self.skipped += 1
            self._latest = pts
            return
        if not self._units:
            self._latest, self._units_sets = None, self._sets
        self._units.append(unit)
        self._bytes += unit.size
        self._latest = pts if self._latest is None else max(self._latest, pts)

    @property
    def _begin(self) -> int:
        return self._units[0].pts or 0

    def _close(self, end: int | None, following: Break | None) -> Group | None:
        if not self._units:
            return None
        begin = min(unit.pts or 0 for unit in self._units)
        last = max(unit.pts or 0 for unit in self._units)
        until = last + _usual_step(self._units) if end is None or end <= last else end
        group = Group(tuple(self._units), self._units_sets, begin, until, end == until, self._after)
        self._units, self._bytes, self._after = [], 0, following
        return group


def _usual_step(units: Sequence[AccessUnit]) -> int:
    """The middle one of the steps between the pictures: how long the last one is taken to be shown."""
    times = sorted(unit.pts or 0 for unit in units)
    steps = sorted(after - at for at, after in pairwise(times))
    return steps[len(steps) // 2] if steps and steps[len(steps) // 2] > 0 else _USUAL_FRAME
