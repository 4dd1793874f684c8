"""`recordings.v1`: a finished recording of at most a minute, whole and verified in the object store."""

from typing import Annotated, Literal

from msgspec import Meta

from vantage.contracts.base import (
    CameraId,
    Clock,
    Count,
    Message,
    Micros,
    Name,
    Origin,
    Picture,
    Row,
    Sha256,
    Span,
    Text,
)

GapCause = Literal[
    "camera-unreachable",
    "camera-refused",
    "camera-quarantined",
    "address-refused",
    "stream-stalled",
    "stream-ended",
    "stream-malformed",
    "codec-unsupported",
    "clock-jump",
    "spool-full",
    "disk-failed",
    "ingest-restarted",
    "worker-crashed",
    "handover",
    "maintenance",
    "authority-expired",
    "first-recording",
    "lost-with-node",
    "unexplained",
]


class Gap(Message, frozen=True, kw_only=True):
    """Time before a recording that is not recorded, and why."""

    start: Micros
    end: Micros
    cause: GapCause
    detail: Text = ""


class FragmentRange(Row, frozen=True, array_like=True):
    """One fragment of a recording: capture start and duration (microseconds), byte offset and length, SHA-256."""

    start: Micros
    duration: Span
    offset: Count
    length: Count
    sha256: Sha256


class Recording(Message, frozen=True, kw_only=True):
    """One object of `footage`: an initialisation segment of `init_length` bytes, then its fragments, then a `uuid` box
    of the fragments' digests up to its end, the trailer (`vantage.fragment_digests`). `size` and `sha256` are of all.
    """

    recording_id: str
    camera_id: CameraId
    epoch: Annotated[int, Meta(ge=0)]
    start: Micros
    end: Micros
    clock: Clock
    picture: Picture
    bucket: str
    object: Annotated[str, Meta(description="Object key.")]
    size: Annotated[int, Meta(ge=1, description="Bytes.")]
    sha256: Sha256
    init_length: Annotated[int, Meta(ge=1)]
    fragments: Annotated[list[FragmentRange], Meta(min_length=1)]
    gap_before: Gap | None = None
    retention_class: Name = "standard"
    origin: Origin = Origin()
