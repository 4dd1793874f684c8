"""`rules.v1`: one alert rule, versioned. An alert names the version that made it."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import CameraId, Label, Message, Micros, Name, Severity, Span, Text


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
    cameras: Annotated[list[CameraId | Literal["*"]], Meta(min_length=1, description="Camera ids, or `*` for all.")]
    condition: Intrusion | CrowdCount
    severity: Severity = "moderate"
    clear_us: Span = 2_000_000
    cool_down_us: Span = 0
    changed_at: Micros
