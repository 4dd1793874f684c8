"""The load policy: what is shed first, when it comes back, and that recordings are none of its business."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts.status import Shed
from vantage.testing import ManualClock
from vantage_ingest.domain.overload import Level, Load, Overload
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.live_dropped import LiveDropped
from vantage_ingest.live_gate import LiveGate
from vantage_ingest.live_queue import LiveQueue

from .conftest import NOW_US, cut

STEP_S = 0.25
NOTHING = Load()
HEAVY = Load(loop_lag_s=5.0)


def run(overload: Overload, load: Load, seconds: float, begin: float = 0.0) -> list[Level]:
    steps = round(seconds / STEP_S)
    return [overload.observe(load, begin + number * STEP_S) for number in range(steps + 1)]


def test_nothing_is_shed_without_a_reason() -> None:
    overload = Overload()
    assert set(run(overload, NOTHING, 60)) == {Level.NONE}
    assert overload.admits("sub")
    assert overload.admits("main")


def test_smaller_streams_are_shed_first_and_main_ones_after_them() -> None:
    overload = Overload(rise_s=1.0)
    levels = run(overload, HEAVY, 5)
    assert levels[0] == Level.NONE
    assert levels[-1] == Level.MAIN
    assert [(was, now) for was, now in pairwise(levels) if was != now] == [(0, 1), (1, 2)]


@pytest.mark.parametrize("load", [Load(loop_lag_s=0.3), Load(live_filled=0.6), Load(spool_filled=0.6)])
def test_each_measure_alone_sheds_smaller_streams_and_no_more(load: Load) -> None:
    overload = Overload()
    run(overload, load, 60)
    assert overload.level == Level.SUB
    assert not overload.admits("sub")
    assert overload.admits("main")


@pytest.mark.parametrize("load", [Load(loop_lag_s=1.0), Load(live_filled=0.8), Load(spool_filled=0.8)])
def test_each_measure_alone_can_shed_all_live_video(load: Load) -> None:
    overload = Overload()
    run(overload, load, 60)
    assert not overload.admits("main")
    assert not overload.admits("sub")


def test_a_short_trouble_changes_nothing() -> None:
    overload = Overload(rise_s=1.0)
    for second in range(0, 60, 2):
        run(overload, HEAVY, 0.75, second)
        run(overload, NOTHING, 0.5, second + 1)
    assert overload.level == Level.NONE


def test_what_is_shed_comes_back_a_step_at_a_time_after_it_has_been_calm() -> None:
    overload = Overload(fall_s=10.0)
    run(overload, HEAVY, 5)
    assert set(run(overload, NOTHING, 9, 100)) == {Level.MAIN}
    assert overload.observe(NOTHING, 110) == Level.SUB
    assert overload.observe(NOTHING, 119) == Level.SUB
    assert overload.observe(NOTHING, 120) == Level.NONE


def test_a_level_stays_while_its_reason_is_only_a_little_better() -> None:
    overload = Overload()
    run(overload, HEAVY, 5)
    run(overload, Load(loop_lag_s=0.6), 600, 100)
    assert overload.level == Level.MAIN


@given(st.lists(st.builds(Load, *[st.floats(0, 3)] * 3), max_size=300))
def test_levels_change_by_steps_and_main_streams_never_go_first(loads: list[Load]) -> None:
    overload, before = Overload(rise_s=0.5, fall_s=1.0), Level.NONE
    for number, load in enumerate(loads):
        level = overload.observe(load, number * STEP_S)
        assert abs(level - before) <= 1
        assert overload.admits("main") or not overload.admits("sub")
        before = level


class TestGate:
    """Past the policy into the queue; what is shed is counted for its camera and stream."""

    def gate(self) -> tuple[LiveGate, LiveQueue, ManualClock]:
        clock, dropped = ManualClock(NOW_US), LiveDropped()
        queue = LiveQueue(1 << 20, 10_000_000, dropped)
        return LiveGate(queue, dropped, clock, "0"), queue, clock

    def offer(self, gate: LiveGate) -> None:
        gate.offer(LiveFragment("hk1.a", 0, cut(0), NOW_US))
        gate.offer(LiveFragment("hk1.a", 0, cut(0), NOW_US, "sub"))

    def test_lets_everything_through_while_there_is_no_load(self) -> None:
        gate, queue, _ = self.gate()
        gate.observe(loop_lag_s=0.0, spool_filled=0.0)
        self.offer(gate)
        assert len(queue.take(set(), NOW_US)[0]) == 2
        assert gate.shed("hk1.a") == Shed()

    def test_sheds_by_the_level_and_counts(self) -> None:
        gate, queue, clock = self.gate()
        for _ in range(6):
            gate.observe(loop_lag_s=0.5, spool_filled=0.0)
            clock.advance(STEP_S)
        self.offer(gate)
        assert [one.stream for one in queue.take(set(), NOW_US)[0]] == ["main"]
        assert gate.shed("hk1.a") == Shed(sub=1)
        for _ in range(6):
            gate.observe(loop_lag_s=0.5, spool_filled=0.9)
            clock.advance(STEP_S)
        self.offer(gate)
        assert not queue.take(set(), NOW_US)
        assert gate.shed("hk1.a") == Shed(sub=2, main=1)
        gate.forget("hk1.a")
        assert gate.shed("hk1.a") == Shed()

    def test_counts_what_the_queue_dropped_as_well(self) -> None:
        gate, queue, _ = self.gate()
        self.offer(gate)
        queue.take(set(), NOW_US + 60_000_000)
        assert gate.shed("hk1.a") == Shed(sub=1, main=1)
