"""`findings.v1`: what a rule found. `opened`, any number of `changed`, `closed`: an alert's life in the engine."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import CameraId, Message, Micros, Name, Severity, Text, Unit


class Evidence(Message, frozen=True, kw_only=True):
    """The frame that a finding rests on: its capture time, its fragment, and what was counted in it."""

    at: Micros
    fragment_id: str
    count: Annotated[int, Meta(ge=0)]
    tracks: list[int] = []
    box: tuple[Unit, Unit, Unit, Unit] | None = None


class Finding(Message, frozen=True, kw_only=True):
    """One step in what a rule found. `alert_id` is derived from (rule, rule version, camera, window start)."""

    finding_id: str
    alert_id: str
    step: Annotated[int, Meta(ge=1, description="1 for opened, then growing by one.")]
    state: Literal["opened", "changed", "closed"]
    rule_id: Name
    rule_version: Annotated[int, Meta(ge=1)]
    rule_type: Name
    camera_id: CameraId
    zone_id: Name | None = None
    severity: Severity
    title: Text
    window_start: Micros
    evidence: Evidence
    peak: Annotated[int, Meta(ge=0)] = 0
