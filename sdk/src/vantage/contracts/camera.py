"""`cameras.v1`: what the scheme wants of each camera. Only a camera whose papers are in order is `recording` here."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import CameraId, CellId, Message, Micros, Name, Place, Polygon, Sha256, Text


class Source(Message, frozen=True, kw_only=True):
    """Where the video comes from. The password is never here: `credential` names it in the reader's secret store."""

    url: Annotated[str, Meta(pattern="^rtsps?://[^@/]+/.*$", description="RTSP address without user and password.")]
    credential: Name | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    stream: Annotated[
        Literal["main", "sub"], Meta(description="Which of the camera's streams `url` is, for people.")
    ] = "main"
    sub_url: (
        Annotated[str, Meta(pattern="^rtsps?://[^@/]+/.*$", description="The smaller stream, for live use alone.")]
        | None
    ) = None
    reader: Literal["auto", "native", "ffmpeg"] = "auto"
    certificate: Annotated[
        Sha256 | None,
        Meta(description="SHA-256 of the certificate that an rtsps camera shows, where no authority signs."),
    ] = None


class Zone(Message, frozen=True, kw_only=True):
    """A named region of the picture that rules refer to."""

    zone_id: Name
    name: Text
    polygon: Polygon


class Mask(Message, frozen=True, kw_only=True):
    """A region that must never be seen (a window, a doorway), and who blackens it."""

    mask_id: Name
    polygon: Polygon
    applied_by: Literal["camera", "vantage"]


class Calibration(Message, frozen=True, kw_only=True):
    """The picture's ground plane: a row-major 3x3 homography from frame units to metres, and its residual."""

    homography: Annotated[list[float], Meta(min_length=9, max_length=9)]
    residual_m: Annotated[float, Meta(ge=0)]
    region: Polygon


class Authority(Message, frozen=True, kw_only=True):
    """The decision under which a camera may record, and until when."""

    reference: Text
    expires_at: Micros


class Analysis(Message, frozen=True, kw_only=True):
    """What detectors are asked to do with the camera's pictures."""

    detections_per_second: Annotated[float, Meta(ge=0, le=25, description="0 switches detection off.")] = 5.0
    crowd: bool = False


class Camera(Message, frozen=True, kw_only=True):
    """One camera's desired state."""

    camera_id: CameraId
    cell_id: CellId
    revision: Annotated[int, Meta(ge=1, description="Grows by one with each change.")]
    state: Literal["recording", "paused", "retired"]
    name: Text
    source: Source
    place: Place
    authority: Authority
    groups: list[Name] = []
    zones: list[Zone] = []
    masks: list[Mask] = []
    calibration: Calibration | None = None
    retention_class: Name = "standard"
    analysis: Analysis = Analysis()
    changed_at: Micros
    fragment_seconds: Annotated[int, Meta(ge=1, le=10, description="Wanted length of a live fragment.")] = 1
