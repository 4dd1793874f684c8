"""`alerts.v1`: each change in an alert's life, in one partition, so that an offset is a cursor to resume from."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import CameraId, Message, Micros, Name, Place, Severity, Text
from vantage.contracts.finding import Evidence

AlertChange = Literal[
    "raised",
    "updated",
    "ended",
    "acknowledged",
    "claimed",
    "escalated",
    "resolved",
    "reopened",
    "handed-over",
]
AlertState = Literal["raised", "acknowledged", "claimed", "escalated", "resolved"]


class AlertEvent(Message, frozen=True, kw_only=True):
    """One change of one alert. (`alert_id`, `revision`) is unique: a subscriber that sees a pair twice drops it."""

    event_id: str
    alert_id: str
    revision: Annotated[int, Meta(ge=1, description="Grows by one with each change of this alert.")]
    change: AlertChange
    state: AlertState
    at: Annotated[int, Meta(ge=0, description="UTC microseconds when the change was made at the desk.")]
    rule_id: Name
    rule_version: Annotated[int, Meta(ge=1)]
    rule_type: Name
    camera_id: CameraId
    zone_id: Name | None = None
    severity: Severity
    title: Text
    raised_at: Annotated[int, Meta(ge=0, description="UTC microseconds when the desk raised it.")]
    window_start: Micros
    evidence: Evidence
    active: Annotated[bool, Meta(description="The rule still sees it.")] = True
    peak: Annotated[int, Meta(ge=0)] = 0
    place: Place | None = None
    actor: Text | None = None
    reason: Text | None = None
