"""A camera that ends its process again and again is set apart, and tried alone later."""

from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.quarantine import Quarantine

WINDOW_S, REST_S, LONGEST_S = 600.0, 900.0, 3600.0


def quarantine() -> Quarantine:
    return Quarantine(strikes=3, window_s=WINDOW_S, rest_s=REST_S, longest_s=LONGEST_S)


def test_the_third_strike_within_the_window_sets_apart_and_others_are_left_alone() -> None:
    made = quarantine()
    assert [made.strike("a", now) for now in (0.0, 100.0, 200.0)] == ["free", "free", "resting"]
    assert made.standing("b", 200.0) == "free"
    assert made.resting(200.0) == ["a"]
    assert made.rest_left("a", 200.0) == REST_S


@given(st.lists(st.floats(WINDOW_S / 2 + 1, 10_000), max_size=30))
def test_strikes_that_are_far_apart_set_nobody_apart(pauses: list[float]) -> None:
    made, now = quarantine(), 0.0
    for pause in pauses:
        now += pause
        assert made.strike("a", now) == "free"


def test_after_its_rest_it_is_tried_and_set_free_when_the_trial_lasts() -> None:
    made = quarantine()
    for now in (0.0, 1.0, 2.0):
        made.strike("a", now)
    assert made.standing("a", 2.0 + REST_S - 1) == "resting"
    assert made.standing("a", 2.0 + REST_S) == "trial"
    assert made.standing("a", 2.0 + REST_S + WINDOW_S) == "free"


def test_each_trial_that_fails_rests_twice_as_long_up_to_the_longest() -> None:
    made, now = quarantine(), 0.0
    for _ in range(3):
        made.strike("a", now)
    rests = []
    for _ in range(4):
        rests.append(made.rest_left("a", now))
        now += rests[-1]
        assert made.strike("a", now) == "resting"
    assert rests == [REST_S, 2 * REST_S, LONGEST_S, LONGEST_S]


def test_a_changed_source_is_forgiven() -> None:
    made = quarantine()
    for now in (0.0, 1.0, 2.0):
        made.strike("a", now)
    made.forgive("a")
    assert made.standing("a", 2.0) == "free"
    assert made.strike("a", 3.0) == "free"
