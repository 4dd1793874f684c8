"""Cuts a camera's pictures into groups at keyframes: what one fragment holds.

A group is cut at the first keyframe after the wanted length. A group of pictures that is longer makes a longer
fragment; past `LONGEST_S` or `LARGEST` bytes it is closed as it is, and nothing more is taken before the next keyframe,
so that memory stays bounded and every fragment still begins with a keyframe.

Units that are no picture (an SEI by itself, a damaged unit) go with the next picture, so that all is stored in the
order in which it came.
"""

from vantage_ingest.domain.group import Break, Group, group_of
from vantage_ingest.domain.init_segment import InitSegment
from vantage_ingest.domain.parameters import Parameters
from vantage_ingest.domain.stamps import HOLE, HOLE_S, Stamps
from vantage_ingest.domain.strangers import Strangers
from vantage_ingest.domain.stream import TICKS, AccessUnit, ParameterSets
from vantage_ingest.domain.units import OTHER, ROLES, SLICE, stored
from vantage_ingest.domain.waiting import Waiting

__all__ = ["HOLE_S", "Break", "Cutter", "Group"]

LONGEST_S = 30
LARGEST = 64 * 1024 * 1024
_EARLY = 0.8
"""A keyframe this share of the wanted length after the first is meant as the next: cameras are not exact."""


class Cutter:
    """One connection's pictures in, groups out. `skipped` counts pictures that nobody can show.

    `taken` is the last picture as it was taken, with its time stamp, or None where it was no picture; `broke` is why it
    does not follow by its time stamp what came before.
    """

    def __init__(self, sets: ParameterSets, wanted_s: int) -> None:
        self._roles = ROLES[sets.codec]
        self._parameters = Parameters(sets)
        self._strangers = Strangers(sets.codec)
        self._stamps = Stamps()
        self._waiting = Waiting()
        self._early = round(wanted_s * TICKS * _EARLY)
        self._units: list[AccessUnit] = []
        self._sets = sets
        self._init: InitSegment | None = None
        self._begin = 0
        self._bytes = 0
        self._after: Break | None = None
        self.taken: AccessUnit | None = None
        self.broke: Break | None = None
        self.skipped = 0

    @property
    def begun(self) -> bool:
        """Whether the last picture began a group."""
        return len(self._units) == 1 and self.taken is self._units[0]

    def quick(self, unit: AccessUnit) -> bool:
        """Take a picture to which nothing is special, as nearly all are; otherwise False, and it is for `feed`."""
        pts, nals, watch = unit.pts, unit.nals, self._stamps
        if unit.keyframe or pts is None or not self._units or self._strangers.held or watch.invented:
            return False
        roles, role = self._roles, OTHER
        for nal in nals:
            if not nal or (role := roles[nal[0]]) != OTHER:
                break
        if role != SLICE or not 0 < pts - (watch.latest or 0) <= HOLE:
            return False
        size = self._bytes + (len(nals[0]) if len(nals) == 1 else sum(map(len, nals)))
        if pts - self._begin > LONGEST_S * TICKS or size > LARGEST:
            return False
        self._units.append(unit)
        self._bytes, watch.latest, watch.arrived = size, pts, unit.arrived_us
        return True

    def feed(self, unit: AccessUnit) -> Group | None:
        """Take whatever comes next; gives the group that it ends. Raises UnreadableParameters when nothing that can be
        shown has come for too long.
        """
        self.taken = self.broke = None
        picture = self._strangers.joined(unit)
        if picture is None:
            if self._strangers.held:
                self._waiting.stranger(unit.arrived_us)
            return None
        if picture.keyframe:
            self._parameters.learn(picture.nals)
        picture = self._stamps.timed(picture)
        self.broke = self._stamps.broken(picture, self._strangers.count)
        group = self._cut(picture, picture.pts or 0)
        self._take(picture)
        return group

    def flush(self) -> Group | None:
        """The group that is being filled, when the stream has ended."""
        self._keep_strangers()
        return self._close(None, None)

    def _cut(self, unit: AccessUnit, pts: int) -> Group | None:
        """Close the group that is being filled, if the picture is not to be in it."""
        if self.broke is not None:
            return self._close(None, self.broke)
        if unit.keyframe:
            return self._cut_at_keyframe(pts)
        if self._units and (pts - self._begin > LONGEST_S * TICKS or self._bytes + unit.size > LARGEST):
            detail = f"no keyframe for {(pts - self._begin) / TICKS:.0f} s and {self._bytes} bytes"
            return self._close(None, Break("codec-unsupported", detail))
        return None

    def _cut_at_keyframe(self, pts: int) -> Group | None:
        init, still = self._parameters.in_force(), self._stamps.still
        if init is None:
            return self._close(pts, Break("codec-unsupported", str(self._parameters.fault)))
        if init is not self._init or still or pts - self._begin >= self._early or self._bytes > LARGEST:
            group = self._close(pts, still)
            self._stamps.still = None
            return group
        return None

    def _take(self, unit: AccessUnit) -> None:
        init = self._parameters.in_force() if unit.keyframe else self._init
        if not self._units and (not unit.keyframe or init is None):
            self.skipped += 1
            self._waiting.unshown(unit.arrived_us, self._parameters.fault)
        else:
            if not self._units:
                self._sets, self._init, self._begin = self._parameters.sets, init, unit.pts or 0
            unit = _as_stored(unit, self._sets)
            self._units.append(unit)
            self._bytes += unit.size
            self._waiting.shown()
        self.taken = unit
        self._stamps.took(unit, anew=self.broke is not None)

    def _close(self, end: int | None, following: Break | None) -> Group | None:
        """The group that is filled, if there is one; `following` stands before the next, unless something does so."""
        if not self._units or self._init is None:
            self._after = self._after or following
            return None
        group = group_of(self._units, self._init, end, self._after)
        self._units, self._bytes, self._after = [], 0, following
        return group

    def _keep_strangers(self) -> None:
        """What came after the last picture, and is none, goes with that."""
        if self._units and (held := self._strangers.take()):
            last = self._units[-1]
            self._units[-1] = _with(last, (*last.nals, *stored(self._sets, held)))


def _as_stored(unit: AccessUnit, sets: ParameterSets) -> AccessUnit:
    kept = stored(sets, unit.nals)
    return unit if len(kept) == len(unit.nals) else _with(unit, kept)


def _with(unit: AccessUnit, nals: tuple[bytes, ...]) -> AccessUnit:
    return AccessUnit(unit.pts, unit.keyframe, nals, unit.arrived_us, unit.captured_us, unit.timed)
