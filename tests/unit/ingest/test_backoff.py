"""Waits grow, and thousands of cameras that fell together never come back together."""

import heapq
from itertools import count
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.backoff import Attempts, Backoff

CAMERAS = 2_000
RATE, BURST = 50.0, 10
FIRST_S, LONGEST_S = 1.0, 30.0


@given(st.floats(0.1, 5), st.floats(5, 100), st.floats(0, 0.99), st.integers(1, 60))
def test_waits_grow_to_the_longest_and_a_patient_one_is_at_least_half_of_it(
    first: float, longest: float, chance: float, tries: int
) -> None:
    backoff = Backoff(first, longest, lambda: chance)
    waits = [backoff.next() for _ in range(tries)]
    assert waits == sorted(waits)
    assert all(0 < wait <= longest for wait in waits)
    backoff.reset()
    assert backoff.next() == waits[0]
    assert longest / 2 <= backoff.next(patient=True) <= longest


@given(st.integers(0, 2**32))
def test_waits_of_cameras_that_fell_together_are_spread_over_the_whole_of_them(seed: int) -> None:
    chance = Random(seed).random  # noqa: S311
    waits = [Backoff(FIRST_S, LONGEST_S, chance).next() for _ in range(400)]
    tenths = [sum(number / 10 <= wait / FIRST_S <= (number + 1) / 10 for wait in waits) for number in range(10)]
    assert max(tenths) <= 4 * 400 / 10
    assert min(tenths) > 0


@given(st.lists(st.floats(0, 0.5), min_size=2, max_size=300), st.floats(1, 100), st.integers(1, 50))
def test_no_second_has_more_attempts_than_a_burst_and_the_rate(pauses: list[float], rate: float, burst: int) -> None:
    attempts, now = Attempts(rate, burst), 0.0
    places: list[float] = []
    for pause in pauses:
        now += pause
        places.append(now + attempts.reserve(now))
    assert places == sorted(places)
    for begin in places:
        assert sum(begin <= place < begin + 1 for place in places) <= burst + rate + 1


def reboot(seed: int, down_s: float) -> tuple[list[float], list[float]]:
    """A switch that is down for so long, with all cameras of one worker behind it: when each attempt was made, and when
    each camera was back.
    """
    random = Random(seed)  # noqa: S311
    attempts, number = Attempts(RATE, BURST), count()
    cameras = [Backoff(FIRST_S, LONGEST_S, random.random) for _ in range(CAMERAS)]
    due = [(backoff.next(), next(number), False, backoff) for backoff in cameras]
    heapq.heapify(due)
    made: list[float] = []
    back: list[float] = []
    while due:
        now, _, its_turn, backoff = heapq.heappop(due)
        wait = 0.0 if its_turn else attempts.reserve(now)
        if wait:
            heapq.heappush(due, (now + wait, next(number), True, backoff))
            continue
        made.append(now)
        if now >= down_s:
            back.append(now)
        else:
            heapq.heappush(due, (now + backoff.next(), next(number), False, backoff))
    return made, back


def test_two_thousand_cameras_behind_a_switch_that_reboots_come_back_one_after_the_other() -> None:
    for seed, down_s in ((1, 5.0), (2, 60.0), (3, 300.0)):
        made, back = reboot(seed, down_s)
        assert len(back) == CAMERAS
        for second in range(int(max(made)) + 1):
            assert sum(second <= moment < second + 1 for moment in made) <= RATE + BURST + 1
        assert max(back) <= down_s + LONGEST_S + 2 * CAMERAS / RATE
