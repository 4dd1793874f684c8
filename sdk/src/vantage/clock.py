"""Time as a part that is passed in, so that what depends on it can be tested and replayed."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where a service reads time."""

    def now_us(self) -> int:
        """UTC, microseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an arbitrary start."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        """UTC, microseconds since 1970."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an arbitrary start."""
        return time.monotonic()


class ManualClock:
    """A clock that stands until it is told to move, for tests and replays."""

    def __init__(self, now_us: int = 1_790_000_000_000_000) -> None:
        self._now_us = now_us
        self._monotonic = 0.0

    def now_us(self) -> int:
        """UTC, microseconds since 1970."""
        return self._now_us

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times forward by so many seconds; never back.

        Raises ValueError for a negative number.
        """
        if seconds < 0:
            msg = f"a clock moves forward only, not by {seconds} s"
            raise ValueError(msg)
        self._now_us += round(seconds * 1_000_000)
        self._monotonic += seconds
