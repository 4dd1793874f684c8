"""Two clocks that may both be wrong: what is recorded, what is told, and whose fault it is."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.capture import JUMP_US
from vantage_ingest.domain.clock_sense import WINDOW

from .simulated_camera import SECOND, Simulated, drift, right, step

HOUR = 3600 * SECOND


def breaks(run: list[tuple[int, Cut]]) -> list[tuple[str, str]]:
    return [(cut.missing.cause, cut.missing.detail) for _, cut in run if cut.missing is not None]


def check_monotonic(run: list[tuple[int, Cut]]) -> None:
    for (_, before), (_, after) in pairwise(run):
        assert after.epoch > before.epoch or after.start >= before.end


def gaps(run: list[tuple[int, Cut]]) -> list[int]:
    """What lies between fragments that are not seamless, microseconds."""
    return [after.start - before.end for (_, before), (_, after) in pairwise(run) if after.start != before.end]


def check_seamless(run: list[tuple[int, Cut]]) -> None:
    assert breaks(run) == []
    assert gaps(run) == []


def check_honest(run: list[tuple[int, Cut]]) -> None:
    """The truth lies within what is stated."""
    for truth, cut in run:
        assert cut.clock.uncertainty_us is not None
        assert abs(cut.start - truth) <= cut.clock.uncertainty_us


@pytest.mark.parametrize("off_us", [0, -40_000, 900_000, -3 * SECOND, 20 * SECOND, -HOUR, 8 * HOUR])
def test_the_cameras_offset_is_measured_within_50_ms(off_us: int) -> None:
    camera = Simulated(camera=lambda _: off_us)
    run = camera.run(range(90))
    assert camera.clock.offset_us is not None
    assert abs(camera.clock.offset_us - off_us) < 50_000
    assert all(abs((cut.clock.offset_us or 0) - off_us) < 50_000 for _, cut in run[5:])
    assert breaks(run) == []


def test_a_clock_that_drifts_is_followed_measured_and_told() -> None:
    camera = Simulated(camera=drift(250))
    run = camera.run(range(600))
    assert camera.clock.drift_ppm == pytest.approx(250, abs=20)
    assert camera.clock.offset_us == pytest.approx(600 * 250, abs=50_000)
    assert camera.clock.alarm is not None
    assert "drifts by more than 100 ppm" in camera.clock.alarm.text
    check_seamless(run)
    check_honest(run)


def test_a_good_clock_shows_no_drift_and_no_alarm() -> None:
    camera = Simulated()
    check_honest(run := camera.run(range(300)))
    assert abs(camera.clock.drift_ppm or 0.0) < 20
    assert camera.clock.alarm is None
    assert {cut.clock.quality for _, cut in run} == {"ntp"}


@pytest.mark.parametrize(("by_us", "words"), [(4 * SECOND, "4.0 s ahead of ours"), (-4 * SECOND, "4.0 s behind ours")])
def test_a_step_of_the_cameras_clock_is_a_jump_and_an_alarm(by_us: int, words: str) -> None:
    camera = Simulated(camera=step(20, by_us))
    run = camera.run(range(60))
    way = "forward" if by_us > 0 else "back"
    ((cause, detail),) = breaks(run)
    assert cause == "clock-jump"
    assert f"the camera's clock was set {way} by 4.0" in detail
    assert {cut.epoch for _, cut in run} == ({1} if by_us > 0 else {1, 2})
    assert camera.clock.alarm is not None
    assert words in camera.clock.alarm.text
    check_monotonic(run)
    check_honest(run)


@pytest.mark.parametrize("by_us", [HOUR, -HOUR])
def test_an_hours_step_of_the_cameras_clock_is_told_and_makes_no_gap(by_us: int) -> None:
    camera = Simulated(camera=step(100, by_us))
    run = camera.run(range(300))
    check_seamless(run)
    assert {cut.epoch for _, cut in run} == {1}
    assert [cut.clock.quality for _, cut in run[:100]] == ["ntp"] * 100
    assert [cut.clock.quality for _, cut in run[106:]] == ["estimated"] * 194
    assert camera.clock.offset_us == pytest.approx(by_us, abs=50_000)
    assert camera.clock.alarm is not None
    assert "times are estimated from arrival" in camera.clock.alarm.text
    check_honest(run)


@pytest.mark.parametrize("by_us", [HOUR, -HOUR])
def test_an_hours_step_of_our_clock_changes_nothing_where_the_camera_has_one(by_us: int) -> None:
    camera = Simulated(ours=step(100, by_us))
    run = camera.run(range(300))
    check_seamless(run)
    assert {(cut.epoch, cut.clock.quality) for _, cut in run[WINDOW + 101 :]} == {(1, "ntp")}
    assert camera.clock.offset_us == pytest.approx(-by_us, abs=50_000)
    assert camera.clock.alarm is not None
    assert "this machine's clock was set" in camera.clock.alarm.text
    assert all(abs(cut.start - truth) < 50_000 for truth, cut in run)
    check_honest(run)
    again = camera.run(range(310, 400))
    assert all(abs(cut.start - truth) < 100_000 for truth, cut in again)
    assert breaks(again) == []


@pytest.mark.parametrize(("by_us", "epochs"), [(HOUR, {1}), (-HOUR, {1, 2})])
def test_an_hours_step_of_our_clock_is_one_jump_where_the_camera_has_none(by_us: int, epochs: set[int]) -> None:
    camera = Simulated(camera=None, ours=step(100, by_us))
    run = camera.run(range(300))
    ((cause, detail),) = breaks(run)
    assert cause == "clock-jump"
    assert detail.startswith("this machine's clock was set ")
    assert {cut.epoch for _, cut in run} == epochs
    assert {cut.clock.quality for _, cut in run} == {"estimated"}
    check_monotonic(run)


def test_our_clock_that_was_wrong_and_is_set_right_brings_the_camera_back() -> None:
    camera = Simulated(ours=lambda second: -HOUR if second < 100 else 0)
    run = camera.run(range(300))
    ((_, detail),) = breaks(run)
    assert detail.startswith("this machine's clock was set forward by ")
    assert run[99][1].clock.quality == "estimated"
    assert run[-1][1].clock.quality == "ntp"
    assert abs(run[-1][1].start - run[-1][0]) < 50_000


def test_our_clock_that_is_set_back_between_two_connections_is_noticed() -> None:
    camera = Simulated(ours=step(100, -HOUR))
    before, after = camera.run(range(100)), camera.run(range(103, 200))
    check_monotonic([*before, *after])
    assert {cut.epoch for _, cut in after} == {1}
    assert abs(after[-1][1].start - after[-1][0]) < 4 * SECOND
    assert after[-1][1].clock.quality == "ntp"


@pytest.mark.parametrize("off_us", [2 * SECOND, -2 * SECOND])
def test_a_late_first_report_is_approached_without_a_gap(off_us: int) -> None:
    camera = Simulated(camera=lambda _: off_us, first_report_s=4)
    run = camera.run(range(200))
    check_seamless(run)
    assert run[0][1].clock.quality == "estimated"
    assert run[50][1].clock.quality == "estimated"
    assert run[-1][1].clock.quality == "ntp"
    assert abs(run[-1][1].start - run[-1][0] - off_us) < JUMP_US
    check_honest(run)


def test_a_network_that_stalls_is_no_step_of_a_clock() -> None:
    for camera in (right, None):
        run = Simulated(camera=camera, delayed=range(20, 27)).run(range(120))
        check_seamless(run)
        check_honest(run)


Clock = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([-HOUR, -5 * SECOND, -SECOND // 5, SECOND // 5, 5 * SECOND, HOUR])),
    max_size=3,
)


def set_by(steps: list[tuple[int, int]], second: float) -> int:
    return sum(by for at, by in steps if second >= at)


@st.composite
def troubled(draw: st.DrawFn) -> Simulated:
    """A camera whose clock is set, and drifts, or that has none; and a clock of ours that is set, too."""
    camera, ours = draw(Clock), draw(Clock)
    ppm = draw(st.integers(-300, 300))
    return Simulated(
        camera=(lambda second: set_by(camera, second) + round(second * ppm)) if draw(st.booleans()) else None,
        ours=lambda second: set_by(ours, second),
        first_report_s=draw(st.floats(0, 9)),
    )


@settings(deadline=None, max_examples=60)
@given(troubled(), st.lists(st.integers(5, 60), min_size=1, max_size=3))
def test_whatever_the_clocks_do_time_runs_forward_and_each_jump_has_a_cause(
    simulated: Simulated, connections: list[int]
) -> None:
    run: list[tuple[int, Cut]] = []
    begin = 0
    for length in connections:
        run += simulated.run(range(begin, begin + length))
        begin += length + 2
    check_monotonic(run)
    for (_, before), (_, after) in pairwise(run):
        assert after.start == before.end or after.missing is not None or after.discontinuity
        assert (after.epoch, after.sequence) > (before.epoch, before.sequence)
