"""`rules.v1`: one alert rule, versioned. An alert names the version that made it."""

from typing import Annotated

from msgspec import Meta

from vantage.contracts.base import CELL, NAME, Label, Message, Micros, Name, Severity, Span, Text

CameraWanted = Annotated[
    str,
    # one pattern: msgspec holds every string of a union to the union's pattern, a literal `*` as well
    Meta(pattern=rf"^(\*|{CELL}\.{NAME})$", description="A camera's id, or `*` for all."),
]


class Intrusion(Message, frozen=True, kw_only=True, tag="intrusion"):
    """An object of one of the labels stands in the zone for at least `minimum_us`."""

    zone_id: Name
    labels: Annotated[list[Label], Meta(min_length=1)]
    minimum_us: Span = 0
    score: Annotated[int, Meta(ge=0, le=255, description="Objects below this score do not count.")] = 128


class CrowdCount(Message, frozen=True, kw_only=True, tag="crowd-count"):
    """At least `threshold` objects at once in the zone (the whole picture without one) for `minimum_us`."""

    threshold: Annotated[int, Meta(ge=1, le=1000)]
    zone_id: Name | None = None
    labels: Annotated[list[Label], Meta(min_length=1)]
    minimum_us: Span = 0
    score: Annotated[int, Meta(ge=0, le=255, description="Objects below this score do not count.")] = 128


class Rule(Message, frozen=True, kw_only=True):
    """What is watched for, where, and how loud it is."""

    rule_id: Name
    version: Annotated[int, Meta(ge=1, description="Grows by one with each change.")]
    name: Text
    enabled: bool = True
    cameras: Annotated[list[CameraWanted], Meta(min_length=1, description="Camera ids, or `*` for all.")]
    condition: Intrusion | CrowdCount
    severity: Severity = "moderate"
    clear_us: Span = 2_000_000
    cool_down_us: Span = 0
    changed_at: Micros
