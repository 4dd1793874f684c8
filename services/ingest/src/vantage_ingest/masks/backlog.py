"""The pictures that wait to be masked: bounded, and where masking falls behind they go in whole groups, counted.

What is dropped leaves a hole that the cutter takes for a gap, so the ledger knows of it: dropping goes on for longer
than `HOLE_S` by the stream's own time, and ends at a keyframe once half of the room is free.
"""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Literal

from vantage_ingest.domain.cutter import HOLE_S
from vantage_ingest.domain.stream import TICKS, AccessUnit

_MOST_PICTURES = 250
_MOST_BYTES = 24 << 20


class Backlog:
    """Filled from the loop's thread, which never waits here; emptied by the thread that masks."""

    def __init__(self, most_pictures: int = _MOST_PICTURES, most_bytes: int = _MOST_BYTES) -> None:
        self._most_pictures = most_pictures
        self._most_bytes = most_bytes
        self._units: deque[AccessUnit] = deque()
        self._bytes = 0
        self._change = threading.Condition()
        self._ended = self._closed = False
        self._hole_from: int | None = None
        self.dropping: Literal["behind", "damaged"] | None = None
        self.dropped = 0

    def offer(self, unit: AccessUnit) -> bool:
        """Take a picture; false where it is dropped, because too many wait or its group has begun to be dropped."""
        with self._change:
            if self.dropping and not self._resumes(unit):
                self.dropped += 1
                return False
            if self._full(unit):
                self.dropping, self._hole_from = "behind", unit.pts
                self.dropped += 1
                return False
            self.dropping = None
            self._units.append(unit)
            self._bytes += unit.size
            self._change.notify()
            return True

    def broken(self) -> None:
        """Something is missing before what comes next: drop up to a keyframe."""
        with self._change:
            if self.dropping is None:
                self.dropping, self._hole_from = "damaged", None

    def end(self) -> None:
        """Nothing follows: what waits is still masked."""
        with self._change:
            self._ended = True
            self._change.notify()

    def close(self) -> None:
        """Nobody wants more: what waits is forgotten."""
        with self._change:
            self._ended = self._closed = True
            self._units.clear()
            self._change.notify()

    @property
    def closed(self) -> bool:
        """Whether nobody wants more."""
        return self._closed

    def units(self) -> Iterator[AccessUnit]:
        """The pictures as they come, until the end; waits for them."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._units or self._ended)
                if not self._units:
                    return
                unit = self._units.popleft()
                self._bytes -= unit.size
            yield unit

    def _full(self, unit: AccessUnit) -> bool:
        return len(self._units) >= self._most_pictures or self._bytes + unit.size > self._most_bytes

    def _resumes(self, unit: AccessUnit) -> bool:
        half_free = len(self._units) <= self._most_pictures // 2 and self._bytes <= self._most_bytes // 2
        return unit.keyframe and half_free and self._is_hole(unit)

    def _is_hole(self, unit: AccessUnit) -> bool:
        """Whether the cutter takes what was dropped for a gap; where times are missing nothing can be said."""
        if self.dropping == "damaged" or self._hole_from is None or unit.pts is None:
            return True
        return abs(unit.pts - self._hole_from) > HOLE_S * TICKS
