"""What the gateway answers and takes, as the OpenAPI document describes it. Times are UTC microseconds."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from vantage.contracts import Camera
from vantage.contracts.alert import AlertState
from vantage.contracts.base import Severity
from vantage_api.domain.access import Purpose
from vantage_api.domain.view import Kind, View
from vantage_api.domain.window import Gap

CAMERA_ID = r"^[a-z0-9][a-z0-9-]{0,15}\.[a-z0-9][a-z0-9-]{0,47}$"
Micros = Annotated[int, Field(ge=0, lt=2**53, description="UTC microseconds.")]
Corners = list[tuple[int, int]]


class Config(BaseModel):
    """What a client needs before it can sign in."""

    issuer: str
    client_id: str
    audience: str
    cell_id: str


class Place(BaseModel):
    """Where something is, WGS 84."""

    latitude: float
    longitude: float
    district: str = ""
    address: str = ""


class Zone(BaseModel):
    """A named region of the picture, corners in 1/65535 of the frame."""

    zone_id: str
    name: str
    polygon: Corners


class CameraAnswer(BaseModel):
    """A camera as a control room needs it: never where its stream is, nor what opens it."""

    camera_id: str
    name: str
    state: Literal["recording", "paused", "retired"]
    place: Place
    groups: list[str]
    zones: list[Zone]
    retention_class: str
    changed_at: Micros

    @classmethod
    def of(cls, camera: Camera) -> "CameraAnswer":
        """The public part of a camera's published state."""
        place = camera.place
        return cls(
            camera_id=camera.camera_id,
            name=camera.name,
            state=camera.state,
            place=Place(
                latitude=place.latitude, longitude=place.longitude, district=place.district, address=place.address
            ),
            groups=list(camera.groups),
            zones=[Zone(zone_id=one.zone_id, name=one.name, polygon=list(one.polygon)) for one in camera.zones],
            retention_class=camera.retention_class,
            changed_at=camera.changed_at,
        )


class CamerasAnswer(BaseModel):
    """The cameras of the cell."""

    cameras: list[CameraAnswer]


class Evidence(BaseModel):
    """The frame that an alert rests on: its capture time, its fragment, and what was counted in it."""

    at: Micros
    fragment_id: str
    count: int
    tracks: list[int] = []
    box: tuple[int, int, int, int] | None = None


class AlertAnswer(BaseModel):
    """An alert as it is now; the names are those of the stream."""

    alert_id: str
    revision: int
    state: AlertState
    active: bool = Field(description="The rule still sees it.")
    at: Micros = Field(description="When it last changed, UTC microseconds.")
    rule_id: str
    rule_version: int
    rule_type: str
    camera_id: str
    zone_id: str | None = None
    severity: Severity
    title: str
    raised_at: Micros
    window_start: Micros
    evidence: Evidence
    peak: int = 0
    place: Place | None = None
    actor: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "AlertAnswer":
        """From a row of `alerts.alerts_v1`."""
        times = {
            "at": row["changed_at_us"],
            "raised_at": row["raised_at_us"],
            "window_start": row["window_start_us"],
        }
        return cls.model_validate({**row, **times})


class AlertsAnswer(BaseModel):
    """A page of alerts, the newest first."""

    alerts: list[AlertAnswer]
    next: str | None = Field(None, description="Give it as `before` for the next page; absent on the last.")


class ViewWish(BaseModel):
    """What somebody wants to see, and why."""

    camera_id: str = Field(pattern=CAMERA_ID)
    kind: Kind
    purpose: Purpose = Field(description="Why; it is recorded with the decision.")
    case: str = Field(
        "",
        max_length=100,
        pattern=r"^[^\x00-\x1f]*$",
        description="Recorded video for crime-detection, court and access-request needs it.",
    )
    from_us: Micros | None = Field(None, description="Recorded: begin of the window, UTC microseconds of capture.")
    to_us: Micros | None = Field(None, description="Recorded: end of the window, at most four hours later.")


class GapAnswer(BaseModel):
    """Time of the window that no recording shows, and why as far as it is known."""

    from_us: Micros
    to_us: Micros
    cause: str


class ViewAnswer(BaseModel):
    """A look that was allowed."""

    view_id: str
    playlist: str = Field(description="Path of the HLS playlist; send the token with it and with what it names.")
    expires_at: Micros
    gaps: list[GapAnswer] = Field(description="Recorded: what is missing from the window.")

    @classmethod
    def of(cls, view: View, gaps: list[Gap]) -> "ViewAnswer":
        """A view as its subject is told of it."""
        return cls(
            view_id=view.view_id,
            playlist=f"/v1/views/{view.view_id}/playlist.m3u8",
            expires_at=view.expires_us,
            gaps=[GapAnswer(from_us=one.start_us, to_us=one.end_us, cause=one.cause) for one in gaps],
        )
