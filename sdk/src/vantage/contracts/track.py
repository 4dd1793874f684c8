"""`tracks.v1`: one finished track within one camera, its path simplified. Tracks are never joined across cameras."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import CameraId, Label, Message, Micros, Name, Row, Score, Sha256, Span, Unit


class PathPoint(Row, frozen=True, array_like=True):
    """Where the box was, this long after the track's start (microseconds)."""

    after_us: Span
    x0: Unit
    y0: Unit
    x1: Unit
    y1: Unit


class Track(Message, frozen=True, kw_only=True):
    """One object followed through one camera's picture."""

    track_id: str
    camera_id: CameraId
    epoch: Annotated[int, Meta(ge=0)]
    number: Annotated[int, Meta(ge=1)]
    label: Label
    score: Score
    start: Micros
    end: Micros
    observations: Annotated[int, Meta(ge=1)]
    path: Annotated[list[PathPoint], Meta(min_length=1)]
    ended: Literal["left", "lost", "handover"] = "lost"
    detector: Name
    version: Annotated[str, Meta(max_length=32)]
    model_digest: Sha256
    run_id: str | None = None
