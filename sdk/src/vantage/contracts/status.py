"""`camera-status.v1`: how a camera is, on each change and every 60 s."""

from typing import Literal

from vantage.contracts.base import CameraId, Count, Message, Micros, Span, Text

CameraState = Literal[
    "connecting",
    "online",
    "stalled",
    "offline",
    "refused",
    "unsupported",
    "blocked",
    "moved",
    "paused",
    "quarantined",
    "unmasked",
]


class Shed(Message, frozen=True, kw_only=True):
    """Live fragments of a camera that overload cost since its reader began: of the smaller stream, of the main one."""

    sub: Count = 0
    main: Count = 0


class CameraStatus(Message, frozen=True, kw_only=True):
    """What is known of a camera by one service at one moment."""

    camera_id: CameraId
    state: CameraState
    since: Micros
    observed_at: Micros
    source: Literal["ingest", "detect"]
    cause: Text = ""
    remedy: Text = ""
    clock_offset_us: int | None = None
    clock_quality: Literal["ntp", "estimated", "none"] | None = None
    clock_uncertainty_us: Span | None = None
    epoch: int = 0
    reconnects: int = 0
    reader: Literal["native", "ffmpeg", "masking"] | None = None
    lost_packets: Count = 0
    shed: Shed = Shed()
