"""`camera-status.v1`: how a camera is, on each change and every 60 s."""

from typing import Literal

from vantage.contracts.base import CameraId, Message, Micros, Text

CameraState = Literal[
    "connecting", "online", "stalled", "offline", "refused", "unsupported", "blocked", "moved", "paused"
]


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
    epoch: int = 0
    reconnects: int = 0
