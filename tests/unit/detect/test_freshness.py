"""Freshness before completeness: what is skipped, and whose turn it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vantage.contracts import Fragment
from vantage.contracts.base import Clock
from vantage_detect.domain.freshness import Freshness, captured_until, turns

LIMITS = Freshness(stale_us=2_000_000, batch_us=4_000_000)


@pytest.mark.parametrize(
    ("age_s", "newer", "spent_s", "skipped"),
    [
        (1, 5, 0, None),  # fresh
        (3, 1, 0, "stale"),  # a newer one waits
        (3, 0, 0, None),  # the newest there is
        (9, 0, 5, "late"),  # the newest there is, but the batch has taken too long
        (1, 0, 9, None),  # what is fresh is never skipped
    ],
)
def test_skips_what_is_stale_where_newer_waits_or_time_is_out(
    age_s: int, newer: int, spent_s: int, skipped: str | None
) -> None:
    assert LIMITS.skip(age_s * 1_000_000, newer, spent_s * 1_000_000) == skipped


def test_age_is_by_the_cameras_clock_corrected_where_that_is_set_by_ntp(fragment: Fragment) -> None:
    by_ntp = replace(fragment, clock=Clock(quality="ntp", offset_us=-500_000))
    assert captured_until(by_ntp, written_us=1) == fragment.start + fragment.duration + 500_000
    by_arrival = replace(fragment, clock=Clock(quality="estimated"))
    assert captured_until(by_arrival, written_us=77) == 77


def test_the_newest_of_all_cameras_come_last_and_the_least_looked_at_first() -> None:
    order = turns(["a", "b", "a", "c", "b"], {"a": 30.0, "b": 10.0})
    assert order == [(1, 1), (0, 1), (3, 0), (4, 0), (2, 0)]


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.dictionaries(st.sampled_from("abcd"), st.floats(0, 100)))
def test_each_is_taken_once_and_a_camera_in_its_order(cameras: list[str], looked_at: dict[str, float]) -> None:
    order = turns(cameras, looked_at)
    assert sorted(index for index, _ in order) == list(range(len(cameras)))
    for camera in set(cameras):
        own = [(index, newer) for index, newer in order if cameras[index] == camera]
        assert own == sorted(own)
        assert [newer for _, newer in own] == list(range(len(own)))[::-1]
