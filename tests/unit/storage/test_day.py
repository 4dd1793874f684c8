"""Days of capture: each moment lies in exactly one, and each has a name."""

from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.day import LAST_DAY, bounds_us, compact, day_named, day_of


@given(st.integers(min_value=0, max_value=(LAST_DAY + 1) * 86_400_000_000 - 1))
def test_a_moment_lies_within_its_day(moment_us: int) -> None:
    low, high = bounds_us(day_of(moment_us))
    assert low <= moment_us < high


@given(st.integers(min_value=0, max_value=LAST_DAY - 1))
def test_days_follow_one_another_and_sort_by_name(day: int) -> None:
    assert bounds_us(day)[1] == bounds_us(day + 1)[0]
    assert compact(day) < compact(day + 1)


def test_a_day_is_named_by_its_date_in_utc() -> None:
    assert compact(day_of(0)) == "19700101"
    assert compact(day_of(1_790_000_000_000_000)) == "20260921"
    assert compact(LAST_DAY) == "99991231"


@given(st.integers(min_value=0, max_value=LAST_DAY))
def test_a_name_leads_back_to_its_day(day: int) -> None:
    assert day_named(compact(day)) == day
