"""A replica speaks for its cameras only while the broker's word is fresh."""

from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.lease import Lease

TIMEOUT_S = 10.0


def test_a_replica_that_was_never_confirmed_is_fenced() -> None:
    assert Lease(TIMEOUT_S).fenced(0.0)


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0, 1100))
def test_it_is_fenced_once_the_latest_word_is_older_than_the_time_out(asked: list[float], now: float) -> None:
    lease = Lease(TIMEOUT_S)
    for moment in asked:
        lease.proved(moment)
    assert lease.fenced(now) == (now - max(asked) > TIMEOUT_S)


def test_a_lost_membership_fences_at_once_and_a_new_word_ends_it() -> None:
    lease = Lease(TIMEOUT_S)
    lease.proved(1.0)
    lease.lost()
    assert lease.fenced(1.0)
    lease.proved(2.0)
    assert not lease.fenced(2.0)
