"""How long to wait before a camera is tried again: longer each time, and never for all cameras at once."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Backoff:
    """Doubling waits from `first` to `longest` seconds, each shortened at random so that no two cameras keep step.

    `random` gives numbers from 0 to 1.
    """

    first: float
    longest: float
    random: Callable[[], float]
    tries: int = 0

    def next(self, *, patient: bool = False) -> float:
        """Seconds to wait before the next try: anything up to the whole wait, because only that spreads cameras that
        fell together. `patient` is for what must not be tried often: at least half of the longest wait.
        """
        self.tries += 1
        if patient:
            return self.longest * (1 - self.random() / 2)
        whole: float = min(self.longest, self.first * 2.0 ** min(self.tries - 1, 30))
        return whole * (1 - self.random())

    def reset(self) -> None:
        """It worked: the next wait is a first one."""
        self.tries = 0


class Attempts:
    """Spreads a process's attempts to connect: at most `burst` at once, and `rate` a second after that.

    Back-off alone does not bound how many cameras come in the same second; a switch that reboots with 2,000 cameras
    behind it must not be met by 2,000 handshakes.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._gap = 1 / rate
        self._slack = (burst - 1) / rate
        self._free_at = float("-inf")

    def reserve(self, now: float) -> float:
        """Take the next place; gives the seconds to wait until it comes."""
        place = max(self._free_at, now - self._slack)
        self._free_at = place + self._gap
        return max(0.0, place - now)
