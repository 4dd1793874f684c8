"""The way a track took, kept small: only the boxes that a straight, even motion between others would not give.

Ramer-Douglas-Peucker (Douglas and Peucker 1973) with the distance taken at the same moment ("synchronised", Meratnia
and de By 2004) over all four edges of the box, so that a reader who interpolates in time is never off by more than the
tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 330.0
"""In 1/65535 of the frame: half a percent of it, about the network's own noise."""
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Point:
    """Where the box was at a moment (UTC microseconds), 0..65535 of the frame."""

    at_us: int
    box: tuple[int, int, int, int]


class Path:
    """A path that grows at its end and never holds more than a bounded number of points.

    A still object that is followed for days is simplified again and again; where that does not suffice the tolerance
    grows, so memory is bounded and the shape that is lost is the finest.
    """

    def __init__(self) -> None:
        self._points: list[Point] = []
        self._tolerance = TOLERANCE

    def add(self, point: Point) -> None:
        """Add where the box is now; times grow."""
        self._points.append(point)
        if len(self._points) <= _LONGEST:
            return
        self._points = simplified(self._points, self._tolerance)
        while len(self._points) > _LONGEST // 2:
            self._tolerance *= 2
            self._points = simplified(self._points, self._tolerance)

    def points(self) -> list[Point]:
        """The path so far, simplified; its first and last points are those that were added first and last."""
        return simplified(self._points, self._tolerance)


def simplified(points: Sequence[Point], tolerance: float) -> list[Point]:
    """The fewest of these points (greedily) that are within `tolerance` of all of them at every moment of one."""
    if len(points) <= 2:
        return list(points)
    times = np.array([point.at_us - points[0].at_us for point in points], dtype=np.float64)
    boxes = np.array([point.box for point in points], dtype=np.float64)
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        worst, off = _worst(times[first : last + 1], boxes[first : last + 1])
        if off > tolerance:
            keep[first + worst] = True
            spans += [(first, first + worst), (first + worst, last)]
    return [point for point, kept in zip(points, keep, strict=True) if kept]


def _worst(times: NDArray[np.float64], boxes: NDArray[np.float64]) -> tuple[int, float]:
    """The index and distance of the box furthest from even motion between the first and the last."""
    if len(times) <= 2:
        return 0, 0.0
    share = (times - times[0]) / max(times[-1] - times[0], 1.0)
    straight = boxes[0] + share[:, None] * (boxes[-1] - boxes[0])
    off = np.abs(boxes - straight).max(axis=1)
    worst = int(off.argmax())
    return worst, float(off[worst])
