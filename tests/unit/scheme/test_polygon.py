"""Polygons: what encloses a plain area passes, what crosses itself does not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_scheme.domain.polygon import crossing, outline, plain

ANGLES = st.lists(st.integers(0, 359), min_size=3, max_size=20, unique=True).map(sorted)


def around(angles: list[int]) -> list[list[float]]:
    """Corners on a circle in the middle of the picture, in order around it."""
    turns = [math.radians(angle) for angle in angles]
    return [[0.5 + 0.4 * math.cos(turn), 0.5 + 0.4 * math.sin(turn)] for turn in turns]


@given(ANGLES)
def test_corners_in_order_around_a_circle_pass(angles: list[int]) -> None:
    corners = around(angles)
    assert plain(corners) is corners


@given(ANGLES.filter(lambda angles: len(angles) >= 4), st.data())
def test_two_corners_swapped_on_a_circle_cross(angles: list[int], data: st.DataObject) -> None:
    corners = around(angles)
    at = data.draw(st.integers(0, len(corners) - 2))
    corners[at], corners[at + 1] = corners[at + 1], corners[at]
    assert crossing(outline(corners)) is not None


@given(ANGLES, st.integers(0, 19))
def test_where_the_outline_begins_does_not_matter(angles: list[int], turn: int) -> None:
    points = outline(around(angles))
    turned = points[turn % len(points) :] + points[: turn % len(points)]
    assert crossing(turned) == crossing(points) is None


@pytest.mark.parametrize(
    ("corners", "says"),
    [
        ([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], "names a corner twice"),
        ([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]], "crosses itself"),
        ([[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]], "encloses no area"),
        ([[0.0, 0.0], [1.0, 0.0], [0.5, 0.0], [0.5, 1.0]], "crosses itself"),
        ([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.0], [0.0, 1.0]], "crosses itself"),
    ],
)
def test_what_nobody_can_have_meant_is_refused(corners: list[list[float]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        plain(corners)
