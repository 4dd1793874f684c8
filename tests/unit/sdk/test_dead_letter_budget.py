"""Some messages may fail; when too many do, the deployment is wrong and nothing more is sent away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.errors import DeadLetterLimit
from vantage.stream.dead_letters import DeadLetterBudget


def test_a_few_failures_are_allowed_whatever_their_share() -> None:
    DeadLetterBudget(most=10, share=0.1).check(count=10, failed=10, reason="x")


def test_many_failures_are_allowed_while_their_share_is_small() -> None:
    DeadLetterBudget(most=10, share=0.1).check(count=500, failed=50, reason="x")


def test_more_than_both_is_too_much_and_says_why() -> None:
    with pytest.raises(DeadLetterLimit, match=r"51 of the last 500 messages fail, the last because: no such column\."):
        DeadLetterBudget(most=10, share=0.1).check(count=500, failed=51, reason="no such column")


def test_failures_of_small_batches_add_up() -> None:
    budget = DeadLetterBudget(most=3, share=0.5)
    for _ in range(3):
        budget.check(1, 1, "x")
        budget.record(1, 1)
    with pytest.raises(DeadLetterLimit):
        budget.check(1, 1, "x")


def test_what_went_well_before_speaks_for_the_deployment() -> None:
    budget = DeadLetterBudget(most=3, share=0.5)
    budget.record(100, 0)
    budget.check(50, 50, "x")


def test_old_outcomes_are_forgotten() -> None:
    budget = DeadLetterBudget(most=3, share=0.1, window=100)
    budget.record(10, 10)
    budget.record(100, 0)
    budget.check(10, 3, "x")


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), max_size=20))
def test_a_service_that_fails_at_nothing_is_never_stopped(batches: list[tuple[int, int]]) -> None:
    budget = DeadLetterBudget()
    for count, _ in batches:
        budget.check(count, 0, "x")
        budget.record(count, 0)
