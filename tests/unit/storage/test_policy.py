"""What a history of policies comes to for each recording: shorter at once, longer only forward."""

from hypothesis import given
from hypothesis import strategies as st

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.policy import STANDARD, Policy, PolicyHistory

CLASSES = ("standard", "short", "long", "named-by-nobody")
T0 = 1_790_000_000_000_000
YEAR_US = 365 * DAY_US

days = st.integers(1, 400)
policies = st.fixed_dictionaries({STANDARD: days}, optional={"short": days, "long": days})
moments = st.integers(T0, T0 + YEAR_US)
classes = st.sampled_from(CLASSES)


@st.composite
def histories(draw: st.DrawFn) -> list[Policy]:
    """A first version from the beginning, and others that come into force at random times."""
    starts = [0, *sorted(draw(st.sets(moments, max_size=5)))]
    return [Policy(number, start, draw(policies)) for number, start in enumerate(starts, 1)]


def kept_days(history: list[Policy], kind: str, end_us: int) -> int:
    return (PolicyHistory(history).due_us(kind, end_us) - end_us) // DAY_US


@given(histories(), classes, moments)
def test_the_fewest_days_of_the_version_at_capture_and_all_later_ones_apply(
    history: list[Policy], kind: str, end_us: int
) -> None:
    at_capture = max(number for number, one in enumerate(history) if one.in_force_us <= end_us)
    expected = min(one.days.get(kind, one.days[STANDARD]) for one in history[at_capture:])
    assert kept_days(history, kind, end_us) == expected


@given(histories(), policies, classes, moments, st.integers(1, YEAR_US))
def test_a_new_version_only_ever_shortens_what_is_there(
    history: list[Policy], newer: dict[str, int], kind: str, end_us: int, later: int
) -> None:
    in_force = max(history[-1].in_force_us, end_us) + later
    longer = [*history, Policy(len(history) + 1, in_force, newer)]
    new_days = newer.get(kind, newer[STANDARD])
    assert kept_days(longer, kind, end_us) == min(kept_days(history, kind, end_us), new_days)


@given(histories(), policies, classes, st.integers(0, YEAR_US))
def test_a_new_version_alone_applies_to_what_is_captured_under_it(
    history: list[Policy], newer: dict[str, int], kind: str, later: int
) -> None:
    in_force = history[-1].in_force_us + 1
    longer = [*history, Policy(len(history) + 1, in_force, newer)]
    assert kept_days(longer, kind, in_force + later) == newer.get(kind, newer[STANDARD])


@given(histories(), classes, moments, st.integers(0, 2 * YEAR_US))
def test_exactly_what_ended_by_the_cutoff_is_due(history: list[Policy], kind: str, end_us: int, later: int) -> None:
    of, now_us = PolicyHistory(history), T0 + later
    cutoff = of.cutoff_us(kind, now_us)
    assert (of.due_us(kind, end_us) <= now_us) == (end_us <= cutoff)
    assert of.due_us(kind, cutoff) <= now_us < of.due_us(kind, cutoff + 1)


@given(histories(), classes, moments, st.integers(0, YEAR_US))
def test_what_was_captured_earlier_never_falls_due_later(
    history: list[Policy], kind: str, end_us: int, later: int
) -> None:
    of = PolicyHistory(history)
    assert of.due_us(kind, end_us) <= of.due_us(kind, end_us + later)


@given(histories(), classes, moments)
def test_the_governing_version_is_the_first_that_says_so_few_days(
    history: list[Policy], kind: str, end_us: int
) -> None:
    of = PolicyHistory(history)
    found = of.governing(kind, end_us)
    assert of.due_us(kind, end_us) == end_us + found.days_of(kind) * DAY_US
    earlier = [one for one in history if end_us < one.in_force_us and one.version < found.version]
    assert all(one.days_of(kind) > found.days_of(kind) for one in earlier)


@given(histories(), st.integers(0, 2 * YEAR_US))
def test_a_class_that_no_version_names_goes_with_the_standard(history: list[Policy], later: int) -> None:
    of, now_us = PolicyHistory(history), T0 + later
    assert of.cutoff_us("named-by-nobody", now_us) == of.cutoffs(now_us)[STANDARD]
