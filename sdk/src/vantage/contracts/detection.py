"""`detections.v1`: what one detector saw in one fragment; a message a fragment, empty ones too."""

from typing import Annotated

from msgspec import Meta

from vantage.contracts.base import (
    CameraId,
    Clock,
    Label,
    Message,
    Micros,
    Name,
    Row,
    Score,
    Sha256,
    Span,
    Unit,
)


class Seen(Row, frozen=True, array_like=True):
    """One object in one frame: label, score, box x0, y0, x1, y1, and the track's number in this detector and epoch."""

    label: Label
    score: Score
    x0: Unit
    y0: Unit
    x1: Unit
    y1: Unit
    track: Annotated[int, Meta(ge=1)] | None = None


class FrameObjects(Row, frozen=True, array_like=True):
    """One frame that was looked at: its capture time and the objects in it."""

    at: Micros
    objects: list[Seen]


class Detections(Message, frozen=True, kw_only=True):
    """What one detector saw in one fragment. `skipped` counts the frames the rate asked for that were not looked at."""

    camera_id: CameraId
    fragment_id: str
    epoch: Annotated[int, Meta(ge=0)]
    start: Micros
    duration: Span
    clock: Clock
    detector: Name
    version: Annotated[str, Meta(max_length=32)]
    model_digest: Sha256
    frames: list[FrameObjects]
    skipped: Annotated[int, Meta(ge=0)] = 0
    run_id: Annotated[str, Meta(description="Names a backfill; live rules ignore such messages.")] | None = None
