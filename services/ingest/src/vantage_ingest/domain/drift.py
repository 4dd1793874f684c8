"""How fast a camera's clock runs away from ours: the slope of its offset over minutes (least squares)."""

from collections import deque

SPACING_US = 10_000_000
"""One value for each ten seconds: the highest offset in them, which is the one with the least delay."""
KEPT = 60
LEAST_US = 120_000_000
"""A slope over less than this would be the network's."""
_STEP_US = 300_000
"""Offsets that differ by more than this in a row are a step, and drift is measured anew."""


class Drift:
    """The offsets of the last ten minutes."""

    def __init__(self) -> None:
        self._points: deque[tuple[int, int]] = deque(maxlen=KEPT)
        self._slot = 0

    def add(self, at_us: int, offset_us: int) -> None:
        """An offset (microseconds), and when it was measured."""
        points = self._points
        if points and abs(offset_us - points[-1][1]) > _STEP_US:
            points.clear()
        slot = at_us // SPACING_US
        if not points or slot != self._slot:
            self._slot = slot
            points.append((at_us, offset_us))
        elif offset_us > points[-1][1]:
            points[-1] = at_us, offset_us

    @property
    def ppm(self) -> float | None:
        """Microseconds a second; positive where the camera's clock is the faster one. None before it can be told."""
        points = list(self._points)
        if len(points) < 2 or points[-1][0] - points[0][0] < LEAST_US:
            return None
        mean_at = sum(at for at, _ in points) / len(points)
        mean = sum(offset for _, offset in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        return sum((at - mean_at) * (offset - mean) for at, offset in points) / spread * 1e6
