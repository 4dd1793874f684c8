"""When a picture was taken: the stream's own time stamps, tied to UTC.

The tie is the camera's clock where sender reports give it (`ntp`) and that clock is plausible, else our clock at
arrival (`estimated`), or nothing better than the moment a picture came (`none`, when the stream gives no time stamps).
Within an epoch time never runs backwards: small differences are worked off slowly, a step forward leaves a gap, and a
step back asks for a new epoch, under which the corrected time may overlap what was recorded before.

Before a camera's first report the tie is provisional. When the report differs, it is approached without a seam, a part
of a frame at each fragment, and the time stays `estimated` until it is near: nothing was set, so there is no gap.
"""

from dataclasses import dataclass

from vantage.contracts.base import Clock
from vantage_ingest.domain.clock_alarm import Alarm, ClockAlarm
from vantage_ingest.domain.clock_sense import OWN_STEP_US, ClockSense
from vantage_ingest.domain.drift import Drift
from vantage_ingest.domain.stream import micros

JUMP_US = 500_000
"""A difference of more than this is a step of a clock; less is drift and jitter."""
SLEW_US = 5_000
"""How much of a small difference is worked off at each fragment: less than a frame, so frames keep their order."""
SETTLE_US = 15_000
"""The same from a provisional tie to the camera's clock: still less than a frame at 60 a second."""
ARRIVAL_UNCERTAINTY_US = 500_000
"""How late the least late picture of a minute may arrive: exposure, encoding, network and the camera's buffer."""


@dataclass(frozen=True)
class Start:
    """Where a fragment begins, UTC microseconds; by how much a clock was set there (0: not at all), and whose."""

    us: int
    clock: Clock
    jump_us: int = 0
    whose: str = "the camera's"


class CaptureClock:
    """The capture time of one camera. It outlives connections, because the camera's offset does."""

    def __init__(self, trust_us: int) -> None:
        self._trust_us = trust_us
        self._sense = ClockSense()
        self._drift = Drift()
        self._alarm = ClockAlarm(trust_us)
        self._clock = Clock(quality="none")
        self._offset: int | None = None
        self._believed: int | None = None
        self._own_set = 0
        self._by_camera = False
        self._settled = False
        self._floor = 0
        self._base: int | None = None
        self.observe = self._sense.observe

    def reconnect(self, *, jumped: bool = False) -> None:
        """Time stamps begin anew: with a new connection, or because they broke off (`jumped`: by a fault of theirs)."""
        self._base = None
        self._sense.reconnect(jumped=jumped)

    def rewind(self) -> None:
        """A new epoch: its time may begin before the end of the one before."""
        self._floor = 0

    def ended(self, us: int) -> None:
        """Capture time up to here is taken: nothing in this epoch begins before it."""
        self._floor = max(self._floor, us)

    def start(self, pts: int, *, untimed: bool = False) -> Start:
        """Where the fragment begins whose first picture has this time stamp (ticks); `observe` it before."""
        arrival, own = self._sense.arrival()
        self._set_own(own)
        camera = self._sense.reported()
        if camera is not None:
            self._measured(camera - arrival)
        self._by_camera = camera is not None and self._plausible(self._offset)
        if self._by_camera:
            self._believed = self._offset
        ahead = self._believed or 0
        jump = self._follow(arrival + ahead, micros(pts), own)
        left = abs(arrival + ahead - (self._base or 0))
        self._clock = self._said(left, ahead + self._own_set, untimed=untimed)
        self._alarm.update(self._offset, self._own_set if self._by_camera else 0, self._drift.ppm)
        whose = "this machine's" if own else "the camera's"
        return Start((self._base or 0) + micros(pts), self._clock, jump, whose)

    @property
    def clock(self) -> Clock:
        """How good the time of the last fragment's begin is."""
        return self._clock

    @property
    def offset_us(self) -> int | None:
        """The camera's clock less ours, as last known; None without sender reports."""
        return self._offset

    @property
    def drift_ppm(self) -> float | None:
        """How fast the camera's clock runs away from ours; None before some minutes."""
        return self._drift.ppm

    @property
    def alarm(self) -> Alarm | None:
        """What is wrong with the clocks, where something is, for the camera's status."""
        return self._alarm.current

    def _set_own(self, step: int) -> None:
        """Our clock was set: what is known of the camera's holds on against the old one."""
        self._own_set += step
        if step and self._offset is not None:
            self._offset -= step
        if step and self._believed is not None and self._by_camera:
            self._believed -= step

    def _measured(self, offset: int) -> None:
        self._offset = offset
        self._drift.add(self._sense.heard, offset)
        if abs(offset) <= self._trust_us:
            self._own_set = 0

    def _plausible(self, offset: int | None) -> bool:
        """Whether the camera's clock is near ours, or was before ours was set."""
        return offset is not None and min(abs(offset), abs(offset + self._own_set)) <= self._trust_us

    def _follow(self, target: int, stream_us: int, own_step: int) -> int:
        """Move the tie towards its target; gives the jump, in microseconds, where it is one."""
        floor = self._floor - stream_us
        if self._base is None:
            return self._tied_anew(target, floor)
        difference = target - self._base
        if abs(difference) > JUMP_US and (own_step or (self._by_camera and self._settled)):
            self._base = target
            return difference
        self._settled |= self._by_camera and abs(difference) <= JUMP_US
        pace = SETTLE_US if self._by_camera and not self._settled else SLEW_US
        self._base = max(self._base + max(-pace, min(pace, difference)), floor)
        return 0

    def _tied_anew(self, target: int, floor: int) -> int:
        """The first tie of time stamps that begin anew: no earlier than what is taken, unless a clock was set back."""
        set_back = bool(self._floor) and target < floor - OWN_STEP_US
        self._base = target if set_back else max(target, floor)
        self._settled |= self._by_camera and self._base - target <= JUMP_US
        return target - floor if set_back else 0

    def _said(self, left: int, ahead: int, *, untimed: bool) -> Clock:
        """A picture is taken up to `ARRIVAL_UNCERTAINTY_US` before it arrives; the target is `ahead` of its arrival."""
        if untimed:
            return Clock(quality="none", offset_us=self._offset)
        uncertainty = left + max(abs(ahead), abs(ahead + ARRIVAL_UNCERTAINTY_US))
        near = self._by_camera and left <= JUMP_US
        quality = "ntp" if near else "estimated"
        return Clock(quality=quality, offset_us=self._offset, uncertainty_us=uncertainty)  # type: ignore[arg-type]
