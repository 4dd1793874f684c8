"""From a camera's pictures to finished fragments: cut, timed, numbered, in the bytes that are kept and hashed."""

import hashlib
from collections.abc import Callable

from vantage.contracts.base import Clock
from vantage_ingest.domain.capture import CaptureClock, Start
from vantage_ingest.domain.cut import Cut, written
from vantage_ingest.domain.cutter import Cutter
from vantage_ingest.domain.group import Break, Group
from vantage_ingest.domain.stream import AccessUnit, ParameterSets, micros

__all__ = ["Assembler", "Cut"]


class Assembler:
    """One camera under one ownership, over all its connections: `connect`, then `feed`, then `disconnect`.

    `new_epoch` gives a number higher than all before it; it is asked when time is set back.
    """

    def __init__(self, fragment_s: int, capture: CaptureClock, epoch: int, new_epoch: Callable[[], int]) -> None:
        self._fragment_s = fragment_s
        self._capture = capture
        self._epoch = epoch
        self._new_epoch = new_epoch
        self._sequence = 0
        self._discontinuity = False
        self._cutter: Cutter | None = None
        self._start: Start | None = None
        self._jump: Break | None = None
        self._zero: int | None = None

    @property
    def epoch(self) -> int:
        """The ownership's number that the next fragment carries."""
        return self._epoch

    @property
    def skipped(self) -> int:
        """Pictures of this connection that nobody can show: before a keyframe, or without parameter sets."""
        return self._cutter.skipped if self._cutter else 0

    def renew(self, epoch: int) -> None:
        """Go on under a new ownership: numbers begin anew, time goes on."""
        if epoch > self._epoch:
            self._epoch, self._sequence = epoch, 0

    def connect(self, sets: ParameterSets) -> None:
        """The camera answers: its stream begins, with these parameter sets."""
        self._cutter = Cutter(sets, self._fragment_s)
        self._capture.reconnect()
        self._zero = self._start = None
        self._discontinuity = True

    def feed(self, unit: AccessUnit) -> Cut | None:
        """The next picture; gives the fragment that it ends. Raises UnreadableParameters where nothing that can be
        shown has come for too long.
        """
        cutter = self._cutter
        assert cutter is not None, "connect comes before feed"  # noqa: S101
        if cutter.quick(unit):
            self._capture.observe(unit, unit.pts or 0)
            return None
        group = cutter.feed(unit)
        taken = cutter.taken
        if taken is None:
            return None
        begin, joined = self._start, group is not None and group.joined
        cut = None if joined else self._finished(group, begin, None)
        if cutter.broke is not None:
            self._capture.reconnect(jumped=cutter.broke.cause == "stream-malformed")
        self._capture.observe(taken, taken.pts or 0)
        following = self._begin(taken) if cutter.begun else None
        if joined:
            cut = self._finished(group, begin, following)
        if following is not None:
            self._settle(following)
        return cut

    def disconnect(self) -> Cut | None:
        """The stream has ended; gives what was being filled."""
        group = self._cutter.flush() if self._cutter else None
        self._cutter = None
        begin, self._start = self._start, None
        return self._finished(group, begin, None)

    def _begin(self, taken: AccessUnit) -> Start:
        self._start = self._capture.start(taken.pts or 0, untimed=not taken.timed)
        return self._start

    def _finished(self, group: Group | None, begin: Start | None, following: Start | None) -> Cut | None:
        """The fragment of this group, which began at `begin` and to which `following` joins, if it does."""
        if group is None or begin is None:
            return None
        cut = self._cut(group, begin, following)
        self._sequence += 1
        self._discontinuity, self._jump = False, None
        self._capture.ended(cut.end)
        return cut

    def _cut(self, group: Group, begin: Start, following: Start | None) -> Cut:
        missing = self._jump or group.after
        span = micros(group.end - group.begin)
        duration = following.us - begin.us if following is not None and not following.jump_us else span
        if self._zero is None:
            self._zero = group.begin
        data, frames = written(group, self._sequence + 1, max(0, group.begin - self._zero))
        return Cut(
            epoch=self._epoch,
            sequence=self._sequence,
            start=begin.us,
            duration=max(1, duration),
            clock=begin.clock if group.timed else Clock(quality="none", offset_us=begin.clock.offset_us),
            picture=group.init.picture,
            init=group.init.data,
            data=data,
            sha256=hashlib.sha256(data).hexdigest(),
            frames=frames,
            discontinuity=self._discontinuity or missing is not None,
            missing=missing,
        )

    def _settle(self, following: Start) -> None:
        """What a jump of the clock means for the fragment that begins with it."""
        jump = following.jump_us
        if jump:
            way = "forward" if jump > 0 else "back"
            self._jump = Break("clock-jump", f"{following.whose} clock was set {way} by {abs(jump) / 1e6:.3f} s")
        if jump < 0:
            self._capture.rewind()
            self.renew(max(self._epoch + 1, self._new_epoch()))
