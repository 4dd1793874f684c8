"""Whether a polygon is one that a person could have meant: an area with an outline that does not cross itself."""

from collections.abc import Sequence
from itertools import combinations

from vantage_scheme.domain.units import frame_unit

Point = tuple[int, int]
Edge = tuple[Point, Point]


def outline(corners: Sequence[Sequence[float]]) -> list[Point]:
    """The corners (fractions of the picture) in frame units."""
    return [(frame_unit(x), frame_unit(y)) for x, y in corners]


def plain(corners: list[list[float]]) -> list[list[float]]:
    """The corners as they came. Raises ValueError where they enclose no plain area."""
    points = outline(corners)
    if len(set(points)) != len(points):
        msg = "names a corner twice; leave the repetition out (the outline is closed by itself)"
        raise ValueError(msg)
    if all(_turn(points[0], points[1], point) == 0 for point in points[2:]):
        msg = "encloses no area; give at least three corners that are not on one line"
        raise ValueError(msg)
    if fault := crossing(points):
        msg = f"crosses itself between {_edge(fault[0])} and {_edge(fault[1])}; list the corners in order around it"
        raise ValueError(msg)
    return corners


def crossing(points: Sequence[Point]) -> tuple[Edge, Edge] | None:
    """Two edges that meet elsewhere than in the corner they share, or None. Quadratic: a polygon has 64 corners."""
    edges = list(zip(points, [*points[1:], points[0]], strict=True))
    for first, second in combinations(edges, 2):
        shared = set(first) & set(second)
        if _folded(first, second) if shared else _meet(first, second):
            return first, second
    return None


def _turn(a: Point, b: Point, c: Point) -> int:
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (value > 0) - (value < 0)


def _within(edge: Edge, point: Point) -> bool:
    (ax, ay), (bx, by) = edge
    return min(ax, bx) <= point[0] <= max(ax, bx) and min(ay, by) <= point[1] <= max(ay, by)


def _on(edge: Edge, point: Point) -> bool:
    return _turn(*edge, point) == 0 and _within(edge, point)


def _meet(first: Edge, second: Edge) -> bool:
    splits = _turn(*first, second[0]) * _turn(*first, second[1]) < 0
    splits_back = _turn(*second, first[0]) * _turn(*second, first[1]) < 0
    if splits and splits_back:
        return True
    return any(_on(first, point) for point in second) or any(_on(second, point) for point in first)


def _folded(first: Edge, second: Edge) -> bool:
    """Whether two edges that share a corner run over one another."""
    own = [point for point in first if point not in second]
    others = [point for point in second if point not in first]
    return any(_on(second, point) for point in own) or any(_on(first, point) for point in others)


def _edge(edge: Edge) -> str:
    return "-".join(f"({x / 65535:.3f}, {y / 65535:.3f})" for x, y in edge)
