"""From a camera's pictures to finished fragments: cut, timed, numbered, in the bytes that are kept and hashed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage_ingest.domain.capture import CaptureClock, Start
from vantage_ingest.domain.cutter import Break, Cutter, Group
from vantage_ingest.domain.fragment import fragment
from vantage_ingest.domain.init_segment import InitSegment, init_segment
from vantage_ingest.domain.stream import AccessUnit, ParameterSets, micros


@dataclass(frozen=True)
class Cut:
    """A finished fragment: times in UTC microseconds of capture; `data` is one moof and mdat, `sha256` is of them.

    `missing` says why there is nothing directly before it, where that is known from the stream itself;
    `discontinuity` that something is missing or the clock was set.
    """

    epoch: int
    sequence: int
    start: int
    duration: int
    clock: Clock
    picture: Picture
    init: bytes = field(repr=False)
    data: bytes = field(repr=False)
    sha256: str
    frames: tuple[Frame, ...] = field(repr=False)
    discontinuity: bool
    missing: Break | None

    @property
    def end(self) -> int:
        """Where the next fragment begins, if nothing is missing."""
        return self.start + self.duration


class Assembler:
    """One camera under one ownership, over all its connections: `connect`, then `feed`, then `disconnect`.

    `new_epoch` gives a number higher than all before it; it is asked when the camera's clock is set back.
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
        self._init: tuple[ParameterSets, InitSegment] | None = None

    @property
    def epoch(self) -> int:
        """The ownership's number that the next fragment carries."""
        return self._epoch

    @property
    def skipped(self) -> int:
        """Pictures of this connection that came before a keyframe."""
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
        """The next picture; gives the fragment that it ends. Raises UnreadableParameters."""
        cutter = self._cutter
        assert cutter is not None, "connect comes before feed"  # noqa: S101
        unit = cutter.timed(unit)
        group, begin = cutter.feed(unit), self._start
        if group is not None and not group.joined:
            self._capture.reconnect()
        self._capture.observe(unit, unit.pts or 0)
        if cutter.begun:
            self._start = self._capture.start(unit.pts or 0, untimed=not unit.timed)
        if group is None or begin is None:
            return None
        return self._cut(group, begin, self._start if group.joined else None)

    def disconnect(self) -> Cut | None:
        """The stream has ended; gives what was being filled."""
        group = self._cutter.flush() if self._cutter else None
        begin, self._start = self._start, None
        return self._cut(group, begin, None) if group is not None and begin is not None else None

    def _cut(self, group: Group, begin: Start, following: Start | None) -> Cut:
        start, missing = begin.us, self._jump or group.after
        span = micros(group.end - group.begin)
        duration = following.us - start if following is not None and not following.jump_us else span
        init = self._segment(group.sets)
        data = self._data(group)
        cut = Cut(
            epoch=self._epoch,
            sequence=self._sequence,
            start=start,
            duration=max(1, duration),
            clock=begin.clock if group.timed else Clock(quality="none", offset_us=begin.clock.offset_us),
            picture=init.picture,
            init=init.data,
            data=data,
            sha256=hashlib.sha256(data).hexdigest(),
            frames=_frames(group),
            discontinuity=self._discontinuity or missing is not None,
            missing=missing,
        )
        self._settle(cut, following)
        return cut

    def _settle(self, cut: Cut, following: Start | None) -> None:
        """Remember what this fragment means for the next."""
        self._sequence += 1
        self._discontinuity, self._jump = False, None
        jump = following.jump_us if following is not None else 0
        if jump:
            self._jump = Break("clock-jump", f"the camera's clock was set {_way(jump)} by {abs(jump) / 1e6:.3f} s")
        if jump < 0:
            self._capture.rewind()
            self.renew(max(self._epoch + 1, self._new_epoch()))
        else:
            self._capture.ended(cut.end)

    def _segment(self, sets: ParameterSets) -> InitSegment:
        if self._init is None or self._init[0] != sets:
            self._init = sets, init_segment(sets)
        return self._init[1]

    def _data(self, group: Group) -> bytes:
        if self._zero is None:
            self._zero = group.begin
        return fragment(self._sequence + 1, max(0, group.begin - self._zero), group.samples())


def _frames(group: Group) -> tuple[Frame, ...]:
    return tuple(
        Frame(micros(shown - group.begin), sample.size, sample.keyframe)
        for shown, sample in zip(group.times(), group.samples(), strict=True)
    )


def _way(jump: int) -> str:
    return "forward" if jump > 0 else "back"
