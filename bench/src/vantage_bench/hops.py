"""Where the time goes between a frame's capture and the alert at a subscriber. Pure: it joins what was read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from vantage.contracts import AlertEvent, Detections, Finding, Fragment

HOPS = ("rest of the fragment", "pack and announce", "detect", "rules", "desk", "stream")


@dataclass(frozen=True)
class Received:
    """An alert as a subscriber got it: the event, and when (UTC microseconds)."""

    event: AlertEvent
    at: int


@dataclass(frozen=True)
class Written:
    """When what led to alerts was written to its topic (UTC microseconds), by the id that joins it."""

    fragments: Mapping[str, tuple[int, Fragment]]
    detections: Mapping[str, int]
    findings: Mapping[str, int]
    alerts: Mapping[str, int]


def written(
    fragments: Iterable[tuple[int, Fragment]],
    detections: Iterable[tuple[int, Detections]],
    findings: Iterable[tuple[int, Finding]],
    alerts: Iterable[tuple[int, AlertEvent]],
) -> Written:
    """Index what was read by the ids that alerts carry."""
    return Written(
        fragments={fragment.fragment_id: (at, fragment) for at, fragment in fragments},
        detections={seen.fragment_id: at for at, seen in detections},
        findings={finding.alert_id: at for at, finding in findings if finding.state == "opened"},
        alerts={event.alert_id: at for at, event in alerts if event.change == "raised"},
    )


def hops(received: Received, trail: Written) -> list[float] | None:
    """Seconds of each of HOPS, in order; they sum to the whole. None where the trail is not complete."""
    evidence = received.event.evidence
    key, alert = evidence.fragment_id, received.event.alert_id
    if key not in trail.fragments or key not in trail.detections:
        return None
    if alert not in trail.findings or alert not in trail.alerts:
        return None
    announced, fragment = trail.fragments[key]
    marks = [
        evidence.at,
        fragment.start + fragment.duration,
        announced,
        trail.detections[key],
        trail.findings[alert],
        trail.alerts[alert],
        received.at,
    ]
    return [(after - before) / 1e6 for before, after in pairwise(marks)]
