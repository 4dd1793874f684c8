"""When a view may be used, and which windows can be asked for."""

from dataclasses import replace

import pytest

from vantage_api.domain.view import LIFETIME_US, LONGEST_WINDOW_US, View, standing, window_fault

VIEW = View("view_1", "ann", "hk1.pier-9", "live", "audit", "", created_us=10, expires_us=10 + LIFETIME_US)


@pytest.mark.parametrize(
    ("subject", "now_us", "camera_known", "expected"),
    [
        ("ann", 10, True, "good"),
        ("ann", 9 + LIFETIME_US, True, "good"),
        ("ann", 10 + LIFETIME_US, True, "expired"),
        ("ann", 10, False, "camera-gone"),
        ("bob", 10, True, "foreign"),
        ("bob", 10 + LIFETIME_US, False, "foreign"),
        ("Ann", 10, True, "foreign"),
    ],
)
def test_a_view_is_good_for_its_subject_its_time_and_its_camera(
    subject: str, now_us: int, camera_known: bool, expected: str
) -> None:
    assert standing(replace(VIEW), subject, now_us, camera_known=camera_known) == expected


def test_a_view_lives_an_hour_at_most() -> None:
    assert LIFETIME_US <= 3_600_000_000


@pytest.mark.parametrize(
    ("kind", "from_us", "to_us", "word"),
    [
        ("live", None, None, ""),
        ("live", 1, None, "leave them out"),
        ("recorded", None, 2, "needs from_us"),
        ("recorded", 2, 2, "before"),
        ("recorded", 3, 2, "before"),
        ("recorded", 0, LONGEST_WINDOW_US, ""),
        ("recorded", 0, LONGEST_WINDOW_US + 1, "4 at most"),
    ],
)
def test_a_window_says_what_is_wrong_with_it(kind: str, from_us: int | None, to_us: int | None, word: str) -> None:
    fault = window_fault(kind, from_us, to_us)  # type: ignore[arg-type]
    assert (word in fault) if word else not fault
