"""What every message shares: how it is frozen, its field types, and the shapes that more than one topic holds.

Times are UTC microseconds of *capture* (never of arrival); durations are microseconds; boxes and polygons are in
1/65535 of the frame, so that they hold for every size of the same picture; scores are 0..255.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

CELL = r"[a-z0-9][a-z0-9-]{0,15}"
NAME = r"[a-z0-9][a-z0-9-]{0,47}"

CellId = Annotated[str, Meta(pattern=f"^{CELL}$", description="The cell that owns the camera.")]
CameraId = Annotated[
    str,
    Meta(pattern=rf"^{CELL}\.{NAME}$", description="`<cell>.<name>`: the cell is part of every camera's id."),
]
Name = Annotated[str, Meta(pattern=f"^{NAME}$", description="A short name: lower-case letters, digits and hyphens.")]
Micros = Annotated[int, Meta(ge=0, description="UTC microseconds since 1970, by the clock of capture.")]
Span = Annotated[int, Meta(ge=0, description="A duration in microseconds.")]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, lower-case hex.")]
Unit = Annotated[int, Meta(ge=0, le=65535, description="A coordinate in 1/65535 of the frame.")]
Score = Annotated[int, Meta(ge=0, le=255, description="Confidence, 0..255.")]
StreamName = Literal["main", "sub"]
Text = Annotated[str, Meta(max_length=500)]
Severity = Literal["minor", "moderate", "severe", "extreme"]
Label = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9-]{0,31}$", description="A label of the allow-list; never a person's.")
]
Polygon = Annotated[
    list[tuple[Unit, Unit]],
    Meta(min_length=3, max_length=64, description="Corners x, y in order; closed by itself."),
]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every contract: immutable, named fields, unknown fields ignored so that writers may add some."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """The base of what repeats many times in a message: written as an array to keep a message small."""


class Clock(Message, frozen=True, kw_only=True):
    """How good the clock is that a capture time was read from."""

    quality: Literal["ntp", "estimated", "none"]
    offset_us: int | None = None
    uncertainty_us: Span | None = None


class Origin(Message, frozen=True, kw_only=True):
    """Who coded the pictures: the camera, whose bytes are kept as received, or `vantage`, which blackened `masks` in
    them before anything was stored, and is then the first that can vouch for them.
    """

    coder: Literal["camera", "vantage"] = "camera"
    masks: list[Name] = []


class Place(Message, frozen=True, kw_only=True):
    """Where something is, WGS 84."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    district: Text = ""
    address: Text = ""


class Picture(Message, frozen=True, kw_only=True):
    """The coded picture: RFC 6381 codec string and size in pixels."""

    codec: Annotated[str, Meta(pattern=r"^(avc1|avc3|hvc1|hev1)\.[0-9A-Za-z.]+$")]
    width: Annotated[int, Meta(ge=1, le=16384)]
    height: Annotated[int, Meta(ge=1, le=16384)]
