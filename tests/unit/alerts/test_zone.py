"""Who stands in a zone."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts.detection import Seen
from vantage_alerts.domain.zone import Zone, foot

L_SHAPE = [(0, 0), (30, 0), (30, 10), (10, 10), (10, 30), (0, 30)]
units = st.integers(0, 65535)


def test_a_foot_is_the_middle_of_the_lower_edge() -> None:
    assert foot(Seen("person", 200, 10, 20, 21, 60)) == (15.5, 60)


def test_a_point_in_the_notch_of_a_concave_zone_is_outside() -> None:
    zone = Zone.of(L_SHAPE)
    assert zone.holds((5, 25))
    assert zone.holds((25, 5))
    assert not zone.holds((20, 20))


def test_the_outline_belongs_to_the_zone() -> None:
    zone = Zone.of(L_SHAPE)
    assert all(zone.holds(corner) for corner in L_SHAPE)
    assert zone.holds((30, 5))
    assert zone.holds((10, 20))


def test_a_ray_through_a_corner_counts_it_once() -> None:
    zone = Zone.of([(0, 10), (10, 0), (20, 10), (10, 20)])
    assert zone.holds((5, 10))
    assert not zone.holds((-5, 10))
    assert not zone.holds((25, 10))


@given(corner=st.tuples(units, units), size=st.tuples(st.integers(1, 9999), st.integers(1, 9999)), x=units, y=units)
def test_a_rectangle_holds_what_lies_between_its_sides(
    corner: tuple[int, int], size: tuple[int, int], x: int, y: int
) -> None:
    (left, top), (right, bottom) = corner, (corner[0] + size[0], corner[1] + size[1])
    zone = Zone.of([(left, top), (right, top), (right, bottom), (left, bottom)])
    assert zone.holds((x, y)) == (left <= x <= right and top <= y <= bottom)


@given(corners=st.lists(st.tuples(units, units), min_size=3, max_size=8, unique=True), point=st.tuples(units, units))
def test_neither_direction_nor_first_corner_of_the_outline_matters(
    corners: list[tuple[int, int]], point: tuple[int, int]
) -> None:
    expected = Zone.of(corners).holds(point)
    assert Zone.of(corners[::-1]).holds(point) == expected
    assert Zone.of([*corners[1:], corners[0]]).holds(point) == expected


@given(corners=st.lists(st.tuples(units, units), min_size=3, max_size=8, unique=True))
def test_the_middle_of_each_edge_is_held(corners: list[tuple[int, int]]) -> None:
    even = [(x * 2, y * 2) for x, y in corners]
    zone = Zone.of(even)
    for (x0, y0), (x1, y1) in pairwise([*even, even[0]]):
        assert zone.holds(((x0 + x1) // 2, (y0 + y1) // 2))
