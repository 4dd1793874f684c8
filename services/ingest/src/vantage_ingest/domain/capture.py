"""When a picture was taken: the stream's own time stamps, tied to UTC.

The tie is the camera's clock where sender reports give it (`ntp`) and that clock is plausible, else our clock at
arrival (`estimated`), or nothing better than the moment a picture came (`none`, when the stream gives no time stamps).
Within an epoch time never runs backwards: small differences are worked off slowly, a step forward leaves a gap, and a
step back asks for a new epoch, under which the corrected time may overlap what was recorded before.
"""

from collections import deque
from dataclasses import dataclass

from vantage.contracts.base import Clock
from vantage_ingest.domain.stream import AccessUnit, micros

JUMP_US = 500_000
"""A difference of more than this is a step of a clock; less is drift and jitter."""
SLEW_US = 5_000
"""How much of a small difference is worked off at each fragment: less than a frame, so frames keep their order."""
ARRIVAL_UNCERTAINTY_US = 500_000
"""How late a picture may arrive: exposure, encoding, network and the camera's buffer together."""
WINDOW = 60
"""Fragments over which the least delay is sought: a stall of the network must not look like a step of the clock."""


@dataclass(frozen=True)
class Start:
    """Where a fragment begins, UTC microseconds; by how much the clock jumped there (0: not at all)."""

    us: int
    clock: Clock
    jump_us: int = 0


class CaptureClock:
    """The capture time of one camera. It outlives connections, because the camera's offset does."""

    def __init__(self, trust_us: int) -> None:
        self._trust_us = trust_us
        self._offset: int | None = None
        self._floor = 0
        self._base: int | None = None
        self._delays: deque[int] = deque(maxlen=WINDOW)
        self._delay: int | None = None
        self._camera: int | None = None

    def reconnect(self) -> None:
        """A new connection: its time stamps begin anywhere."""
        self._base = self._delay = self._camera = None
        self._delays.clear()

    def rewind(self) -> None:
        """A new epoch: its time may begin before the end of the one before."""
        self._floor = 0

    def ended(self, us: int) -> None:
        """Capture time up to here is taken: nothing in this epoch begins before it."""
        self._floor = max(self._floor, us)

    def observe(self, unit: AccessUnit, pts: int) -> None:
        """Learn from a picture: `pts` in ticks, made up where the stream gave none."""
        stream_us = micros(pts)
        delay = unit.arrived_us - stream_us
        self._delay = delay if self._delay is None else min(self._delay, delay)
        if unit.captured_us is not None:
            self._camera = unit.captured_us - stream_us

    def start(self, pts: int, *, untimed: bool = False) -> Start:
        """Where the fragment begins whose first picture has this time stamp (ticks); `observe` it before."""
        arrival = self._least_delay()
        if self._camera is not None:
            self._offset = self._camera - arrival
        believed = self._offset if self._offset is not None and abs(self._offset) <= self._trust_us else 0
        by_camera = self._camera is not None and abs(self._camera - arrival) <= self._trust_us
        target = self._camera if by_camera and self._camera is not None else arrival + believed
        jump = self._follow(target, micros(pts), may_jump=by_camera)
        return Start((self._base or 0) + micros(pts), self._clock(by_camera, untimed, target), jump)

    @property
    def offset_us(self) -> int | None:
        """The camera's clock less ours, as last known; None without sender reports."""
        return self._offset

    def _least_delay(self) -> int:
        if self._delay is not None:
            self._delays.append(self._delay)
            self._delay = None
        return min(self._delays, default=0)

    def _follow(self, target: int, stream_us: int, *, may_jump: bool) -> int:
        """Move the tie towards its target; gives the jump, in microseconds, where it is one."""
        if self._base is None:
            self._base = max(target, self._floor - stream_us)
            return 0
        difference = target - self._base
        if may_jump and abs(difference) > JUMP_US:
            self._base = target
            return difference
        self._base += max(-SLEW_US, min(SLEW_US, difference))
        self._base = max(self._base, self._floor - stream_us)
        return 0

    def _clock(self, by_camera: bool, untimed: bool, target: int) -> Clock:
        if untimed:
            return Clock(quality="none", offset_us=self._offset)
        left = abs(target - (self._base or 0))
        if by_camera:
            return Clock(quality="ntp", offset_us=self._offset, uncertainty_us=left)
        return Clock(quality="estimated", offset_us=self._offset, uncertainty_us=ARRIVAL_UNCERTAINTY_US + left)
