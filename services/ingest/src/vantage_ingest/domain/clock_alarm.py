"""What is told of a camera's clock that is wrong, in words that change only when the matter does."""

from dataclasses import dataclass

ALARM_US = 1_000_000
"""A clock that is off by more than this makes what several cameras saw hard to put in order."""
_OVER_US = 800_000
"""The alarm ends below this, so that it does not come and go."""
_DRIFT_PPM = 100.0
"""A second in less than three hours: no clock that is kept by NTP."""
_DRIFT_OVER_PPM = 70.0


@dataclass(frozen=True)
class Alarm:
    """What is wrong, and what to do."""

    text: str
    remedy: str


class ClockAlarm:
    """One camera's alarm. `current` is None while all is well."""

    def __init__(self, trust_us: int) -> None:
        self._trust_us = trust_us
        self._told = 0
        self._drifting = False
        self.current: Alarm | None = None

    def update(self, offset_us: int | None, own_set_us: int, drift_ppm: float | None) -> None:
        """The camera's clock less ours; by how much ours was set while the camera's went on; the drift."""
        self._notice(offset_us or 0)
        drift = abs(drift_ppm or 0.0)
        self._drifting = drift > (_DRIFT_OVER_PPM if self._drifting else _DRIFT_PPM)
        if own_set_us:
            self.current = _own(own_set_us)
        elif self._told:
            self.current = _off(self._told, believed=abs(self._told) <= self._trust_us)
        elif self._drifting:
            self.current = Alarm(
                f"the camera's clock drifts by more than {_DRIFT_PPM:.0f} ppm: it is not kept by NTP",
                "switch NTP on at the camera and name a server that it reaches",
            )
        else:
            self.current = None

    def _notice(self, offset_us: int) -> None:
        """Keep the offset that was told until it is another by a tenth, or no alarm any more."""
        if abs(offset_us) < (_OVER_US if self._told else ALARM_US):
            self._told = 0
        elif not self._told or abs(offset_us - self._told) > max(200_000, abs(self._told) // 10):
            self._told = offset_us


def _own(set_us: int) -> Alarm:
    way = "forward" if set_us > 0 else "back"
    return Alarm(
        f"this machine's clock was set {way} by {abs(set_us) / 1e6:.0f} s; times follow the camera's clock",
        "look at the NTP of the machine that runs ingest; if its clock is right now, set the camera's",
    )


def _off(offset_us: int, *, believed: bool) -> Alarm:
    seconds = f"{abs(offset_us) / 1e6:.1f}" if abs(offset_us) < 10 * ALARM_US else f"{abs(offset_us) / 1e6:.0f}"
    if believed:
        way = "ahead of" if offset_us > 0 else "behind"
        return Alarm(
            f"the camera's clock is {seconds} s {way} ours", "set the camera's clock by NTP, and look at ours as well"
        )
    sign = "-" if offset_us < 0 else ""
    return Alarm(
        f"the camera's clock is wrong by {sign}{seconds} s; times are estimated from arrival",
        "set the camera's clock, best by NTP",
    )
