"""An alert at the desk: how findings change it, and what is told of each change."""

import msgspec
from msgspec.structs import replace

from vantage.contracts import AlertEvent, Finding
from vantage.contracts.base import Place
from vantage.ids import event_id


class Standing(msgspec.Struct, frozen=True):
    """An alert as it stands: its latest event, and the highest step of the engine that is in it."""

    event: AlertEvent
    step: int


def advance(standing: Standing | None, finding: Finding, place: Place | None, now_us: int) -> list[Standing]:
    """How the alert stands after each change that a finding makes: none where the finding, or a later one, is in it
    already; two where the first that is heard of an alert is its end.
    """
    if standing is None:
        raised = _raised(finding, place, now_us)
        return [raised, _changed(raised, finding, now_us)] if finding.state == "closed" else [raised]
    if finding.step <= standing.step or not standing.event.active:
        return []
    return [_changed(standing, finding, now_us)]


def _raised(finding: Finding, place: Place | None, now_us: int) -> Standing:
    event = AlertEvent(
        event_id=event_id(finding.alert_id, 1),
        alert_id=finding.alert_id,
        revision=1,
        change="raised",
        state="raised",
        at=now_us,
        rule_id=finding.rule_id,
        rule_version=finding.rule_version,
        rule_type=finding.rule_type,
        camera_id=finding.camera_id,
        zone_id=finding.zone_id,
        severity=finding.severity,
        title=finding.title,
        raised_at=now_us,
        window_start=finding.window_start,
        evidence=finding.evidence,
        peak=finding.peak,
        place=place,
    )
    return Standing(event, finding.step)


def _changed(standing: Standing, finding: Finding, now_us: int) -> Standing:
    """The next revision. What an operator has made of the alert (its state) is not the engine's to change; the evidence
    of an alert that ends stays that of its peak, because the frame that ended it shows nothing.
    """
    last, active = standing.event, finding.state != "closed"
    event = replace(
        last,
        event_id=event_id(last.alert_id, last.revision + 1),
        revision=last.revision + 1,
        change="updated" if active else "ended",
        at=now_us,
        evidence=finding.evidence if active else last.evidence,
        active=active,
        peak=max(last.peak, finding.peak),
        actor=None,
        reason=None,
    )
    return Standing(event, finding.step)
