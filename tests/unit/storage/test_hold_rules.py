"""Rules of holds and locks that hold for every time and every wish."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import Decision, Hold, Kind, Wish
from vantage_storage.domain.hold_rules import ACCESS_REQUEST_DAYS, check_extension, check_release, placed
from vantage_storage.domain.lock_term import is_lock_due, lock_until_us, renew_below_us
from vantage_storage.errors import Refused

NOW = 1_790_000_000_000_000
DECISION = Decision("dec-1", "ana", "bo", "why")
MOST_DAYS = 730
times = st.integers(0, 4_000_000_000_000_000)
terms = st.integers(DAY_US, 30 * DAY_US)
kinds = st.sampled_from(["case", "access-request", "court"])
people = st.sampled_from(["", " ", "ana", "ANA", "bo", "Bo "])


def wish(kind: Kind = "case", ends_us: int | None = NOW + DAY_US) -> Wish:
    return Wish(kind, "CASE-7", "warrant 12", ["hk1.pier-1", "hk1.pier-1"], NOW - DAY_US, NOW + DAY_US, ends_us)


def place(what: Wish, decision: Decision = DECISION, now_us: int = NOW) -> Hold:
    return placed(what, decision, cell="hk1", now_us=now_us, most_days=MOST_DAYS)


@given(kind=kinds, requester=people, approver=people, ends_us=st.none() | times, now_us=times)
def test_no_hold_stands_without_an_end_in_bounds_and_two_persons_but_at_intake(
    kind: Kind, requester: str, approver: str, ends_us: int | None, now_us: int
) -> None:
    try:
        hold = place(wish(kind, ends_us), Decision("dec-1", requester, approver), now_us)
    except Refused:
        return
    most = ACCESS_REQUEST_DAYS if kind == "access-request" else MOST_DAYS
    assert now_us < hold.ends_us <= now_us + most * DAY_US
    assert hold.requester
    assert hold.approver.casefold() != hold.requester.casefold()
    assert hold.approver or kind == "access-request"


@given(kind=kinds, after_us=st.integers(0, 800 * DAY_US), ends_us=times)
def test_an_extension_is_later_and_never_beyond_what_its_kind_allows(kind: Kind, after_us: int, ends_us: int) -> None:
    hold = place(wish(kind, NOW + 10 * DAY_US))
    now_us = NOW + after_us
    try:
        check_extension(hold, DECISION, ends_us, now_us=now_us, most_days=MOST_DAYS)
    except Refused:
        return
    assert ends_us > hold.ends_us > now_us
    last_us = NOW + ACCESS_REQUEST_DAYS * DAY_US if kind == "access-request" else now_us + MOST_DAYS * DAY_US
    assert ends_us <= last_us


def test_a_scope_names_each_camera_once() -> None:
    assert place(wish()).cameras == ["hk1.pier-1"]


def test_the_same_decision_makes_the_same_hold() -> None:
    assert place(wish()).hold_id == place(wish(), now_us=NOW + 1).hold_id
    assert place(wish()).hold_id != place(wish(), replace(DECISION, decision_id="dec-2")).hold_id


@pytest.mark.parametrize("over", [replace(place(wish()), ended_us=NOW + 5), replace(place(wish()), ends_us=NOW + 10)])
def test_what_is_over_is_neither_extended_nor_released(over: Hold) -> None:
    with pytest.raises(Refused) as released:
        check_release(over, DECISION, NOW + 10)
    with pytest.raises(Refused) as extended:
        check_extension(over, DECISION, NOW + 9 * DAY_US, now_us=NOW + 10, most_days=MOST_DAYS)
    assert {(one.value.code, one.value.status) for one in (released, extended)} == {("hold-ended", 409)}


@given(ends_us=times, now_us=times, term_us=terms)
def test_a_lock_is_at_most_a_term_and_never_longer_than_its_hold(ends_us: int, now_us: int, term_us: int) -> None:
    until_us = lock_until_us(ends_us, now_us, term_us)
    assert until_us <= ends_us
    assert until_us <= now_us + term_us
    assert until_us in {ends_us, now_us + term_us}


@given(life_us=st.integers(1, 800 * DAY_US), term_us=terms, step_us=st.integers(1, DAY_US // 7))
def test_while_a_hold_stands_its_copies_are_locked_for_most_of_a_term_or_to_its_end(
    life_us: int, term_us: int, step_us: int
) -> None:
    ends_us = NOW + life_us
    locked_us = lock_until_us(ends_us, NOW, term_us)
    for now_us in range(NOW, min(ends_us, NOW + 3 * term_us), max(step_us, life_us // 50, 1)):
        if is_lock_due(locked_us, ends_us, now_us, term_us):
            longer_us = lock_until_us(ends_us, now_us, term_us)
            assert longer_us > locked_us
            locked_us = longer_us
        assert locked_us >= min(ends_us, renew_below_us(now_us, term_us))
        assert locked_us <= ends_us
