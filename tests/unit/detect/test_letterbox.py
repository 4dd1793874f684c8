"""A picture of any shape goes into the network unstretched, and boxes come back to where they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_detect.domain.letterbox import FRAME_UNITS, Size, best_fit, fit

INPUTS = [Size(512, 288), Size(416, 320)]
sides = st.integers(16, 8192)


@pytest.mark.parametrize(
    ("frame", "chosen"),
    [
        (Size(1920, 1080), Size(512, 288)),
        (Size(640, 272), Size(512, 288)),
        (Size(768, 576), Size(416, 320)),
        (Size(640, 480), Size(416, 320)),
        (Size(1080, 1920), Size(416, 320)),
    ],
)
def test_wide_and_narrow_pictures_go_into_the_network_that_wastes_least(frame: Size, chosen: Size) -> None:
    assert best_fit(frame, INPUTS).input == chosen


def test_a_picture_of_the_networks_aspect_fills_it() -> None:
    fitted = fit(Size(1920, 1080), Size(512, 288))
    assert (fitted.inner, fitted.left, fitted.top) == (Size(512, 288), 0, 0)


def test_a_wider_picture_has_bars_above_and_below() -> None:
    fitted = fit(Size(640, 272), Size(512, 288))
    assert (fitted.inner, fitted.left, fitted.top) == (Size(512, 218), 0, 35)


@given(sides, sides)
def test_the_picture_lies_within_the_input_and_keeps_its_aspect(width: int, height: int) -> None:
    fitted = best_fit(Size(width, height), INPUTS)
    assert fitted.left + fitted.inner.width <= fitted.input.width
    assert fitted.top + fitted.inner.height <= fitted.input.height
    scale = min(fitted.input.width / width, fitted.input.height / height)
    assert abs(fitted.inner.width - width * scale) <= 1
    assert abs(fitted.inner.height - height * scale) <= 1


@given(sides, sides, st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_box_comes_back_to_where_it_was_in_the_frame(width: int, height: int, at: list[float]) -> None:
    fitted = best_fit(Size(width, height), INPUTS)
    box = np.array([min(at[0], at[1]), min(at[2], at[3]), max(at[0], at[1]), max(at[2], at[3])])
    inner = np.array([fitted.inner.width, fitted.inner.height] * 2)
    corner = np.array([fitted.left, fitted.top] * 2)
    back = fitted.to_frame((box * inner + corner)[None].astype(np.float32))[0]
    coarsest = FRAME_UNITS * 0.001 / min(fitted.inner.width, fitted.inner.height) * 10 + 2
    assert np.abs(back - box * FRAME_UNITS).max() <= coarsest


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=4, max_size=4))
def test_whatever_the_network_says_a_box_is_in_the_frame(box: list[float]) -> None:
    back = fit(Size(640, 272), Size(512, 288)).to_frame(np.array([box], np.float32))
    assert back.min() >= 0
    assert back.max() <= FRAME_UNITS
