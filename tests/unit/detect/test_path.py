"""A path keeps what even motion would not give, and stays small."""

from hypothesis import given
from hypothesis import strategies as st

from vantage_detect.domain.path import TOLERANCE, Path, Point, simplified

coordinates = st.integers(0, 65535)
boxes = st.tuples(coordinates, coordinates, coordinates, coordinates)


def at(time_us: int, left: int) -> Point:
    return Point(time_us, (left, 0, left + 10, 10))


def test_even_motion_is_two_points() -> None:
    assert simplified([at(turn, turn * 100) for turn in range(100)], TOLERANCE) == [at(0, 0), at(99, 9900)]


def test_a_turn_is_kept() -> None:
    there_and_back = [at(turn, turn * 1000 if turn <= 10 else (20 - turn) * 1000) for turn in range(21)]
    assert simplified(there_and_back, TOLERANCE) == [at(0, 0), at(10, 10_000), at(20, 0)]


def test_standing_still_on_the_way_is_kept() -> None:
    stops = [at(turn, min(turn, 10) * 1000) for turn in range(31)]
    assert simplified(stops, TOLERANCE) == [at(0, 0), at(10, 10_000), at(30, 10_000)]


@given(st.lists(boxes, min_size=1, max_size=60))
def test_no_moment_is_off_by_more_than_the_tolerance(found: list[tuple[int, int, int, int]]) -> None:
    points = [Point(turn * 200_000, box) for turn, box in enumerate(found)]
    kept = simplified(points, TOLERANCE)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    for point in points:
        before = max((one for one in kept if one.at_us <= point.at_us), key=lambda one: one.at_us)
        after = min((one for one in kept if one.at_us >= point.at_us), key=lambda one: one.at_us)
        share = (point.at_us - before.at_us) / max(after.at_us - before.at_us, 1)
        between = [low + share * (high - low) for low, high in zip(before.box, after.box, strict=True)]
        assert max(abs(own - other) for own, other in zip(point.box, between, strict=True)) <= TOLERANCE + 1e-6


def test_a_restless_object_that_is_followed_for_long_stays_small() -> None:
    path = Path()
    for turn in range(5000):
        path.add(at(turn, (turn * 7919) % 60_000))
    assert len(path.points()) <= 512
    assert (path.points()[0].at_us, path.points()[-1].at_us) == (0, 4999)
