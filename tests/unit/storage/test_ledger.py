"""The account of a camera: it adds up whatever happened, and each missing moment has the cause that fits best."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.ledger import UNEXPLAINED, Account, Cause, Evidence, Gap, State, owed, settle
from vantage_storage.domain.spans import Span, intersection, length, union

DAY = (1000, 2000)
LATER = 10_000
FOREVER = 1 << 50


def always() -> list[State]:
    return [State(0, "recording", FOREVER)]


def account(evidence: Evidence, *, horizon: int = LATER, now: int = LATER) -> Account:
    return settle(DAY, evidence, horizon, now)


def gaps(evidence: Evidence) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.cause) for one in account(evidence).gaps]


moment = st.integers(800, 2200)
interval = st.tuples(moment, moment)
states = st.lists(
    st.builds(State, moment, st.sampled_from(["recording", "paused", "retired"]), moment),
    max_size=5,
    unique_by=lambda one: one.changed_us,
)
causes = st.lists(
    st.builds(
        Cause, moment, moment, st.sampled_from(["handover", "camera-unreachable", "stream-stalled", UNEXPLAINED])
    ),
    max_size=5,
)
evidences = st.builds(Evidence, states, st.lists(interval, max_size=6).map(union), st.lists(causes, max_size=3))


class TestItAddsUp:
    @given(evidences, moment, moment)
    def test_to_the_microsecond_whatever_happened(self, evidence: Evidence, horizon: int, now: int) -> None:
        one = account(evidence, horizon=horizon, now=now)
        assert one.owed_us == one.recorded_us + one.explained_us + one.unexplained_us

    @given(evidences, moment, moment)
    def test_every_moment_that_was_wanted_is_answered_once(self, evidence: Evidence, horizon: int, now: int) -> None:
        one = account(evidence, horizon=horizon, now=now)
        window = (DAY[0], max(DAY[0], min(DAY[1], now)))
        assert one.owed_us + one.pending_us == length(owed(evidence.states, window))
        answered = [(gap.start, gap.end) for gap in one.gaps if gap.owed]
        assert length(union(answered)) == length(answered) == one.explained_us + one.unexplained_us
        assert intersection(union(answered), evidence.recorded) == []

    @given(evidences, st.integers(1001, 1999))
    def test_two_halves_of_a_day_have_what_the_day_has(self, evidence: Evidence, middle: int) -> None:
        halves = [settle(half, evidence, LATER, LATER) for half in ((DAY[0], middle), (middle, DAY[1]))]
        whole = account(evidence)
        for name in ("owed_us", "recorded_us", "explained_us", "unexplained_us"):
            assert sum(getattr(half, name) for half in halves) == getattr(whole, name)

    @given(evidences, interval)
    def test_a_late_recording_never_makes_more_missing(self, evidence: Evidence, late: Span) -> None:
        before = account(evidence)
        after = account(replace(evidence, recorded=union([*evidence.recorded, late])))
        assert after.owed_us == before.owed_us
        assert after.unexplained_us <= before.unexplained_us


class TestOwed:
    def test_a_camera_that_records_all_day_owes_the_day(self) -> None:
        assert account(Evidence(always(), [DAY])) == Account(1000, 1000, 0, 0, 0, [])

    def test_paused_time_is_not_owed_and_has_its_cause(self) -> None:
        states = [*always(), State(1200, "paused", FOREVER), State(1500, "recording", FOREVER)]
        one = account(Evidence(states, [(0, 1200), (1500, 3000)]))
        assert (one.owed_us, one.recorded_us) == (700, 700)
        assert one.gaps == [Gap(1200, 1500, "maintenance", "the scheme had it paused", owed=False)]

    def test_after_the_authoritys_end_nothing_is_owed_whether_the_scheme_said_so_or_not(self) -> None:
        said = [State(0, "recording", 1400), State(1600, "paused", 1400)]
        one = account(Evidence(said, [(0, 1400)]))
        assert (one.owed_us, one.unexplained_us) == (400, 0)
        assert [(gap.start, gap.end, gap.cause, gap.owed) for gap in one.gaps] == [
            (1400, 1600, "authority-expired", False),
            (1600, 2000, "authority-expired", False),
        ]

    def test_a_retired_camera_owes_nothing(self) -> None:
        one = account(Evidence([*always(), State(1300, "retired", FOREVER)], [(0, 1300)]))
        assert (one.owed_us, one.gaps) == (300, [])

    def test_before_it_is_known_nothing_is_owed(self) -> None:
        assert account(Evidence([], [])).owed_us == 0
        assert account(Evidence([State(1900, "recording", FOREVER)], [(1900, 2000)])).owed_us == 100

    def test_what_is_recorded_without_being_owed_is_not_in_the_sum(self) -> None:
        assert account(Evidence([State(0, "paused", FOREVER)], [DAY])) == Account()


class TestCauses:
    def test_a_hole_that_nobody_explains_is_unexplained(self) -> None:
        one = account(Evidence(always(), [(0, 1300), (1400, 3000)]))
        assert (one.explained_us, one.unexplained_us) == (0, 100)
        assert one.gaps == [Gap(1300, 1400, UNEXPLAINED, "", owed=True)]

    def test_an_announced_gap_explains_its_own_time_alone(self) -> None:
        told = [Cause(1350, 1380, "stream-stalled")]
        assert gaps(Evidence(always(), [(0, 1300), (1400, 3000)], [told])) == [
            (1300, 1350, UNEXPLAINED),
            (1350, 1380, "stream-stalled"),
            (1380, 1400, UNEXPLAINED),
        ]

    def test_the_better_witness_is_believed(self) -> None:
        evidence = Evidence(
            always(),
            [(0, 1300), (1400, 3000)],
            [
                [Cause(1300, 1350, "lost-with-node")],
                [Cause(0, 1390, "handover")],
                [Cause(1380, 1400, "stream-stalled")],
            ],
        )
        assert gaps(evidence) == [
            (1300, 1350, "lost-with-node"),
            (1350, 1390, "handover"),
            (1390, 1400, "stream-stalled"),
        ]

    def test_who_says_unexplained_explains_nothing_but_is_quoted(self) -> None:
        evidence = Evidence(always(), [(0, 1300), (1400, 3000)], [[Cause(1300, 1400, UNEXPLAINED, "the disk is full")]])
        assert account(evidence).gaps == [Gap(1300, 1400, UNEXPLAINED, "the disk is full", owed=True)]

    def test_what_is_recorded_needs_no_cause(self) -> None:
        assert gaps(Evidence(always(), [(0, 3000)], [[Cause(1300, 1400, "handover")]])) == []


class TestTheLiveEnd:
    def test_what_is_young_is_neither_owed_nor_missing(self) -> None:
        one = account(Evidence(always(), [(0, 1500)]), horizon=1600, now=1900)
        assert (one.owed_us, one.recorded_us, one.unexplained_us, one.pending_us) == (600, 500, 100, 300)

    @pytest.mark.parametrize("horizon", [0, 1500])
    def test_what_is_recorded_counts_at_once(self, horizon: int) -> None:
        assert account(Evidence(always(), [(1000, 1900)]), horizon=horizon, now=1900).recorded_us == 900
