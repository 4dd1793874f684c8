"""Capture time: the camera's clock where it can be believed, and never backwards within an epoch."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vantage_ingest.domain.capture import ARRIVAL_UNCERTAINTY_US, JUMP_US, SLEW_US, CaptureClock, Start
from vantage_ingest.domain.stream import TICKS

from .conftest import NOW_US, picture

SECOND = 1_000_000
TRUST = 60 * SECOND


def begin(clock: CaptureClock, second: int, *, late_us: int = 0, camera_us: int | None = None) -> Start:
    """A fragment's first picture at `second` of the stream; `camera_us` is how much the camera's clock is ahead."""
    unit = picture(0, key=True, pts=second * TICKS)
    true_us = NOW_US + second * SECOND
    captured = None if camera_us is None else true_us + camera_us
    clock.observe(replace(unit, arrived_us=true_us + late_us, captured_us=captured), second * TICKS)
    return clock.start(second * TICKS)


def test_without_sender_reports_time_is_estimated_from_the_least_late_arrival() -> None:
    clock = CaptureClock(TRUST)
    start = begin(clock, 0, late_us=80_000)
    assert start.us == NOW_US + 80_000
    assert start.clock.quality == "estimated"
    assert start.clock.uncertainty_us == ARRIVAL_UNCERTAINTY_US
    assert clock.offset_us is None


def test_with_sender_reports_time_is_the_cameras() -> None:
    clock = CaptureClock(TRUST)
    start = begin(clock, 0, late_us=30_000, camera_us=-2_000_000)
    assert start.us == NOW_US - 2_000_000
    assert start.clock.quality == "ntp"
    assert start.clock.offset_us == clock.offset_us == -2_030_000


def test_a_camera_whose_clock_is_absurd_is_not_believed_but_its_offset_is_told() -> None:
    clock = CaptureClock(TRUST)
    start = begin(clock, 0, late_us=30_000, camera_us=-NOW_US)
    assert start.us == NOW_US + 30_000
    assert start.clock.quality == "estimated"
    assert start.clock.offset_us == -NOW_US - 30_000


def test_a_stall_of_the_network_is_no_step_of_the_clock() -> None:
    clock = CaptureClock(TRUST)
    begin(clock, 0, late_us=50_000)
    late = begin(clock, 1, late_us=3_000_000)
    assert late.us == NOW_US + SECOND + 50_000
    assert late.jump_us == 0


def test_a_small_difference_is_worked_off_slowly() -> None:
    clock = CaptureClock(TRUST)
    begin(clock, 0, camera_us=0)
    for second in range(1, 41):
        start = begin(clock, second, camera_us=-100_000)
        assert start.jump_us == 0
        assert start.us == NOW_US + second * SECOND - min(100_000, second * SLEW_US)


def test_a_step_of_the_cameras_clock_is_a_jump_either_way() -> None:
    for step in (5 * SECOND, -5 * SECOND):
        clock = CaptureClock(TRUST)
        begin(clock, 0, camera_us=0)
        start = begin(clock, 1, camera_us=step)
        assert start.jump_us == step
        assert start.us == NOW_US + SECOND + step
        assert begin(clock, 2, camera_us=step).jump_us == 0


def test_a_reconnect_keeps_the_known_offset_until_the_camera_says_it_again() -> None:
    clock = CaptureClock(TRUST)
    begin(clock, 0, late_us=20_000, camera_us=3 * SECOND)
    clock.reconnect()
    start = begin(clock, 10, late_us=20_000)
    assert start.us == NOW_US + 13 * SECOND
    assert start.clock.quality == "estimated"
    again = begin(clock, 11, late_us=20_000, camera_us=3 * SECOND)
    assert (again.jump_us, again.us, again.clock.quality) == (0, NOW_US + 14 * SECOND, "ntp")


def test_a_reconnect_begins_no_earlier_than_what_was_recorded() -> None:
    clock = CaptureClock(TRUST)
    begin(clock, 0, late_us=400_000)
    clock.ended(NOW_US + SECOND + 400_000)
    clock.reconnect()
    assert begin(clock, 1, late_us=0).us == NOW_US + SECOND + 400_000


@given(
    st.lists(
        st.tuples(st.integers(0, 5 * SECOND), st.none() | st.integers(-3 * SECOND, 3 * SECOND), st.booleans()),
        min_size=2,
        max_size=40,
    )
)
def test_time_never_runs_backwards_within_an_epoch(steps: list[tuple[int, int | None, bool]]) -> None:
    clock = CaptureClock(TRUST)
    end = 0
    for second, (late, camera, reconnect) in enumerate(steps):
        if reconnect:
            clock.reconnect()
        start = begin(clock, second, late_us=late, camera_us=camera)
        if start.jump_us < 0:
            assert start.jump_us < -JUMP_US
            clock.rewind()
            end = 0
        assert start.us >= end
        end = start.us + SECOND - 2 * SLEW_US
        clock.ended(end)
