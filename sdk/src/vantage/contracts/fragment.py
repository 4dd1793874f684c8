"""`fragments.v1`: a live fragment of about a second, announced when its pack is in the object store."""

from typing import Annotated

from msgspec import Meta

from vantage.contracts.base import (
    CameraId,
    Clock,
    Count,
    Message,
    Micros,
    Origin,
    Picture,
    Row,
    Sha256,
    Span,
    StreamName,
)


class Frame(Row, frozen=True, array_like=True):
    """One frame: its time after the fragment's start (microseconds), size (bytes), and whether it is a keyframe."""

    after_us: Span
    size: Count
    keyframe: bool


class Fragment(Message, frozen=True, kw_only=True):
    """Where a fragment lies: bytes `offset..offset+length` of the pack are an initialisation segment of
    `init_length` bytes followed by one moof and mdat, so that a reader needs nothing else. `sha256` is of the moof
    and mdat alone: the same bytes that the recording holds.
    """

    fragment_id: str
    camera_id: CameraId
    epoch: Annotated[int, Meta(ge=0, description="The ownership under which it was read; the higher one wins.")]
    sequence: Annotated[int, Meta(ge=0, description="Grows by one a fragment within the epoch.")]
    start: Micros
    duration: Span
    clock: Clock
    picture: Picture
    bucket: str
    pack: Annotated[str, Meta(description="Object key of the pack.")]
    offset: Count
    length: Annotated[int, Meta(ge=1)]
    init_length: Annotated[int, Meta(ge=1)]
    sha256: Sha256
    frames: Annotated[list[Frame], Meta(min_length=1)]
    stream: Annotated[StreamName, Meta(description="The camera's main stream, or the smaller one beside it.")] = "main"
    origin: Origin = Origin()
    discontinuity: Annotated[bool, Meta(description="Something is missing before this fragment.")] = False
