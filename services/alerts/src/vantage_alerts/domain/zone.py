"""Whether somebody stands in a zone: the foot point counts, because the heads of people outside reach into it."""

from collections.abc import Sequence
from dataclasses import dataclass

from vantage.contracts.detection import Seen

Point = tuple[float, int]


def foot(seen: Seen) -> Point:
    """Where an object touches the ground: the middle of its box's lower edge, in 1/65535 of the frame."""
    return (seen.x0 + seen.x1) / 2, seen.y1


@dataclass(frozen=True)
class Zone:
    """A polygon that is asked many times: its edges and its bounds are made once."""

    edges: tuple[tuple[int, int, int, int], ...]
    bounds: tuple[int, int, int, int]

    @classmethod
    def of(cls, polygon: Sequence[tuple[int, int]]) -> "Zone":
        """The zone inside a closed polygon of corners x, y."""
        xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
        following = [*polygon[1:], polygon[0]]
        edges = tuple((*start, *end) for start, end in zip(polygon, following, strict=True))
        return cls(edges, (min(xs), min(ys), max(xs), max(ys)))

    def holds(self, point: Point) -> bool:
        """Whether the point is inside or on the outline (even-odd rule)."""
        x, y = point
        left, top, right, bottom = self.bounds
        if not (left <= x <= right and top <= y <= bottom):
            return False
        inside = False
        for x0, y0, x1, y1 in self.edges:
            cross = (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)
            if cross == 0 and min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1):
                return True
            if (y0 > y) != (y1 > y) and (cross < 0) == (y1 > y0):
                inside = not inside
        return inside
