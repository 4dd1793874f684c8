"""The watch over a stream's time stamps: what is missing, repeats, jumps, stands still or runs backwards.

A stamp is checked against the arrival of the pictures, which tells a camera that was silent from one whose stamps are
wrong. Where a stamp is missing or repeats, a time is made up: the time that passed between the arrivals.
"""

from vantage_ingest.domain.group import USUAL_FRAME, Break
from vantage_ingest.domain.stream import TICKS, AccessUnit

HOLE_S = 2
"""A step of more than this is a gap and not a slow frame; B-frames go back by less."""
HOLE = HOLE_S * TICKS
LONGEST = 20 * TICKS
"""A connection that is silent for so long has ended: more than this is a step of our own clock."""
STILL_US = 2_000_000
"""Stamps that repeat for so long, while pictures arrive, stand still."""


class Stamps:
    """One connection's time stamps. `latest` is the highest one taken, `invented` whether the last one was made up;
    `still` says that they stand still, once an occurrence, until whoever reads it clears it.
    """

    def __init__(self) -> None:
        self.latest: int | None = None
        self.arrived = 0
        self.invented = False
        self.still: Break | None = None
        self._raw: int | None = None
        self._moved = 0
        self._told = False

    def timed(self, unit: AccessUnit) -> AccessUnit:
        """The picture with a usable time stamp: its own, or one that is made up and says so."""
        raw = unit.pts
        if raw is not None and raw == (self._raw if self.invented else self.latest):
            self._repeated(raw, unit.arrived_us)
        elif raw is not None:
            self._raw, self._moved, self._told = raw, unit.arrived_us, False
            if not self._overtaken(raw):
                return unit
        self.invented = True
        passed = (unit.arrived_us - self.arrived) * 9 // 100
        step = max(1, passed) if passed <= LONGEST else USUAL_FRAME
        pts = 0 if self.latest is None else self.latest + step
        # what the camera's clock showed belongs to the stamp that is not used
        return AccessUnit(pts, unit.keyframe, unit.nals, unit.arrived_us, None, timed=False)

    def broken(self, unit: AccessUnit, strangers: int) -> Break | None:
        """Why the picture, which has a time stamp, does not follow what came before; `strangers` is how many units
        that are no pictures came in between.
        """
        if self.latest is None or unit.pts is None:
            return None
        step = unit.pts - self.latest
        if step > HOLE:
            return self._ahead(step, unit.arrived_us, strangers)
        if step < -HOLE or (unit.keyframe and step <= 0):
            return Break("stream-malformed", f"the stream's time stamps went back by {-step / TICKS:.1f} s")
        return None

    def took(self, unit: AccessUnit, *, anew: bool) -> None:
        """The picture is taken; `anew` says that its time stamp begins a new count."""
        pts = unit.pts or 0
        self.latest = pts if self.latest is None or anew else max(self.latest, pts)
        self.arrived = unit.arrived_us
        if unit.timed:
            self.invented = False

    def _overtaken(self, raw: int) -> bool:
        """Whether times that were made up went a little further than the stream's own, which come again."""
        return self.invented and self.latest is not None and -HOLE <= raw - self.latest <= 0

    def _repeated(self, raw: int, arrived_us: int) -> None:
        if raw != self._raw:
            self._raw, self._moved, self._told = raw, self.arrived, False
        if arrived_us - self._moved > STILL_US and not self._told:
            self._told = True
            detail = f"the stream's time stamps stand still at {raw}; times are made up from arrival"
            self.still = Break("stream-malformed", detail)

    def _ahead(self, step: int, arrived_us: int, strangers: int) -> Break:
        passed = (arrived_us - self.arrived) * 9 // 100
        if 2 * passed < step:
            return Break("stream-malformed", f"the stream's time stamps jumped ahead by {step / TICKS:.1f} s")
        if strangers:
            return Break("stream-malformed", f"no picture for {step / TICKS:.1f} s among {strangers} other units")
        return Break("stream-stalled", f"no picture for {step / TICKS:.1f} s")
