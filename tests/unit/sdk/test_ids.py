"""Ids are the same for the same parts for ever, and for no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage import ids
from vantage.testing import ManualClock

PARTS = st.lists(
    st.one_of(st.integers(), st.text(st.characters(blacklist_characters="\x1f"), max_size=8)), min_size=1, max_size=4
)


def test_an_id_that_was_given_out_is_given_out_again() -> None:
    """A change here would write everything that is replayed a second time."""
    assert ids.recording_id("mo1.gate", 1_790_000_000_000_000, 7) == "rec_dc7e246f15308d33e89fe72f246734dc"


@given(PARTS, PARTS)
def test_other_parts_make_another_id(one: list[str | int], other: list[str | int]) -> None:
    same = [str(part) for part in one] == [str(part) for part in other]
    assert (ids.derive("x", *one) == ids.derive("x", *other)) == same


def test_parts_do_not_run_into_one_another() -> None:
    assert ids.derive("x", "ab", "c") != ids.derive("x", "a", "bc")


@pytest.mark.parametrize(
    ("made", "prefix"),
    [
        (ids.fragment_id("c", 1, 2), "frg_"),
        (ids.recording_id("c", 1, 2), "rec_"),
        (ids.track_id("c", "d@1", 1, 2), "trk_"),
        (ids.alert_id("r", 1, "c", 2), "alr_"),
        (ids.finding_id("alr_1", 1), "fnd_"),
        (ids.event_id("alr_1", 1), "evt_"),
    ],
)
def test_an_id_says_what_it_is_of(made: str, prefix: str) -> None:
    assert made.startswith(prefix)
    assert len(made) == len(prefix) + 32


def test_a_later_ownership_has_a_higher_epoch() -> None:
    clock = ManualClock()
    first = ids.new_epoch(clock)
    clock.advance(0.002)
    assert ids.new_epoch(clock) > first
