"""How long to wait before a camera is tried again: longer each time, and never for all cameras at once."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Backoff:
    """Doubling waits from `first` to `longest` seconds, each shortened by up to half at random.

    `random` gives numbers from 0 to 1.
    """

    first: float
    longest: float
    random: Callable[[], float]
    tries: int = 0

    def next(self, *, patient: bool = False) -> float:
        """Seconds to wait before the next try; `patient` begins with the longest wait."""
        whole = self.longest if patient else min(self.longest, self.first * 2 ** min(self.tries, 30))
        self.tries += 1
        return whole * (1 - self.random() / 2)

    def reset(self) -> None:
        """It worked: the next wait is a first one."""
        self.tries = 0
