"""How findings change an alert at the desk."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vantage.contracts import Finding
from vantage.contracts.base import Place
from vantage.ids import event_id
from vantage_alerts.domain.standing import Standing, advance
from vantage_alerts.domain.state import CameraState
from vantage_alerts.domain.watch import judge, watches

NOW = 1_790_000_100_000_000
PLACE = Place(latitude=22.28, longitude=114.15)


def story(street: Any) -> list[Finding]:
    """Opened, changed twice, closed."""
    frames = [street.frame(0, 1), street.frame(1, 2), street.frame(2, 4), street.frame(3, 0)]
    watched = watches(street.camera(), [street.intrusion(clear=0)])
    return list(judge(CameraState(), street.message(*frames), watched, street.at(3)).findings)


def hear(findings: Sequence[Finding]) -> list[Standing]:
    stands: list[Standing] = []
    for number, finding in enumerate(findings):
        stands += advance(stands[-1] if stands else None, finding, PLACE, NOW + number)
    return stands


def test_a_story_is_raised_updated_and_ended(street: Any) -> None:
    events = [standing.event for standing in hear(story(street))]
    assert [event.change for event in events] == ["raised", "updated", "updated", "ended"]
    assert [event.revision for event in events] == [1, 2, 3, 4]
    assert [event.active for event in events] == [True, True, True, False]
    assert [event.peak for event in events] == [1, 2, 4, 4]
    assert [event.at for event in events] == [NOW, NOW + 1, NOW + 2, NOW + 3]
    assert {event.raised_at for event in events} == {NOW}
    assert [event.event_id for event in events] == [event_id(events[0].alert_id, number) for number in range(1, 5)]


def test_an_alert_carries_what_its_finding_says_and_its_place(street: Any) -> None:
    opened = story(street)[0]
    event = hear([opened])[0].event
    for field in ("alert_id", "rule_id", "rule_version", "rule_type", "camera_id", "zone_id", "severity", "title"):
        assert getattr(event, field) == getattr(opened, field)
    assert (event.window_start, event.evidence, event.place) == (opened.window_start, opened.evidence, PLACE)


def test_an_alert_that_ended_shows_the_frame_of_its_peak(street: Any) -> None:
    findings = story(street)
    assert hear(findings)[-1].event.evidence == findings[2].evidence


def test_a_finding_heard_twice_changes_once(street: Any) -> None:
    opened, changed, *_ = story(street)
    assert len(hear([opened, opened, changed, opened, changed])) == 2


def test_a_step_that_was_overtaken_changes_nothing(street: Any) -> None:
    opened, second, third, _ = story(street)
    events = [standing.event for standing in hear([opened, third, second])]
    assert [event.change for event in events] == ["raised", "updated"]
    assert events[-1].peak == 4


def test_an_end_heard_first_is_raised_and_ended(street: Any) -> None:
    findings = story(street)
    events = [standing.event for standing in hear([findings[-1], *findings])]
    assert [(event.change, event.revision) for event in events] == [("raised", 1), ("ended", 2)]


def test_what_an_operator_has_made_of_an_alert_stays_when_the_engine_goes_on(street: Any) -> None:
    opened, changed, *_ = story(street)
    raised = hear([opened])[0]
    taken = replace(raised, event=replace(raised.event, state="claimed", actor="operator-4", reason="on my way"))
    (after,) = advance(taken, changed, PLACE, NOW)
    assert (after.event.state, after.event.actor, after.event.reason) == ("claimed", None, None)


@given(order=st.lists(st.integers(0, 3), max_size=12))
def test_in_any_order_revisions_grow_by_one_and_an_end_is_the_end(street: Any, order: list[int]) -> None:
    findings = story(street)
    stands = hear([findings[number] for number in order])
    assert [standing.event.revision for standing in stands] == list(range(1, len(stands) + 1))
    for before, after in pairwise(stands):
        assert before.event.active
        assert after.event.peak >= before.event.peak
        assert after.step >= before.step
    if 3 in order:
        assert not stands[-1].event.active
