"""Time as a part: the machine's, and one that stands until it is told to move."""

import time

import pytest

from vantage.clock import SystemClock
from vantage.testing import ManualClock


def test_the_system_clock_is_between_two_readings_of_the_machine() -> None:
    before = time.time_ns() // 1000
    now = SystemClock().now_us()
    assert before <= now <= time.time_ns() // 1000


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(now_us=5)
    assert (clock.now_us(), clock.monotonic()) == (5, 0.0)
    clock.advance(1.5)
    assert (clock.now_us(), clock.monotonic()) == (1_500_005, 1.5)


def test_a_manual_clock_never_runs_backwards() -> None:
    with pytest.raises(ValueError, match="-1"):
        ManualClock().advance(-1)
