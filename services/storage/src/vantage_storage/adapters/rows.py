"""Messages as rows of the index's tables: which columns, and what stands in them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from vantage.contracts import Recording, Track
from vantage.contracts.base import Origin
from vantage.fragment_digests import trailer
from vantage_storage.domain.fragment_list import pack

Cell = str | int | bytes | None


@dataclass(frozen=True)
class Table:
    """One table of the index: the columns that a message fills, in the order of its row, and those that it does not.

    Types are as PostgreSQL writes them (`format_type`).
    """

    name: str
    types: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what a message fills."""
        return tuple(self.types)


RECORDINGS = Table(
    "recordings",
    {
        "camera_id": "text",
        "start_us": "bigint",
        "epoch": "bigint",
        "end_us": "bigint",
        "recording_id": "text",
        "clock": "jsonb",
        "codec": "text",
        "width": "integer",
        "height": "integer",
        "bucket": "text",
        "object": "text",
        "size": "bigint",
        "sha256": "bytea",
        "init_length": "integer",
        "fragments": "bytea",
        "gap_before": "jsonb",
        "retention_class": "text",
        "origin": "jsonb",
        "digests_sha256": "bytea",
    },
    others={"trailer": "bytea", "garbage": "boolean"},
)
TRACKS = Table(
    "tracks",
    {
        "camera_id": "text",
        "start_us": "bigint",
        "track_id": "text",
        "epoch": "bigint",
        "number": "bigint",
        "label": "text",
        "score": "smallint",
        "end_us": "bigint",
        "observations": "bigint",
        "path": "jsonb",
        "ended": "text",
        "detector": "text",
        "version": "text",
        "model_digest": "bytea",
        "run_id": "text",
    },
)


def recording_row(recording: Recording) -> tuple[Cell, ...]:
    """The row of `RECORDINGS`."""
    return (
        recording.camera_id,
        recording.start,
        recording.epoch,
        recording.end,
        recording.recording_id,
        _json(recording.clock),
        recording.picture.codec,
        recording.picture.width,
        recording.picture.height,
        recording.bucket,
        recording.object,
        recording.size,
        bytes.fromhex(recording.sha256),
        recording.init_length,
        pack(recording),
        None if recording.gap_before is None else _json(recording.gap_before),
        recording.retention_class,
        _origin(recording.origin),
        hashlib.sha256(trailer(one.sha256 for one in recording.fragments)).digest(),
    )


def track_row(track: Track) -> tuple[Cell, ...]:
    """The row of `TRACKS`."""
    return (
        track.camera_id,
        track.start,
        track.track_id,
        track.epoch,
        track.number,
        track.label,
        track.score,
        track.end,
        track.observations,
        _json(track.path),
        track.ended,
        track.detector,
        track.version,
        bytes.fromhex(track.model_digest),
        track.run_id,
    )


def _origin(origin: Origin) -> str | None:
    """None for what nearly all are: the camera's own coding, without masks. The view says it in full."""
    return None if origin == Origin() else _json({"coder": origin.coder, "masks": origin.masks})


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
