"""Messages as rows of the index's tables: which columns, and what stands in them."""

from dataclasses import dataclass

import msgspec

from vantage.contracts import Recording, Track
from vantage_storage.domain.fragment_list import pack

Cell = str | int | bytes | None


@dataclass(frozen=True)
class Table:
    """One table of the index and the columns that a message fills, in the order of its row."""

    name: str
    columns: tuple[str, ...]


RECORDINGS = Table(
    "recordings",
    (
        "camera_id",
        "start_us",
        "epoch",
        "end_us",
        "recording_id",
        "clock",
        "codec",
        "width",
        "height",
        "bucket",
        "object",
        "size",
        "sha256",
        "init_length",
        "fragments",
        "gap_before",
        "retention_class",
    ),
)
TRACKS = Table(
    "tracks",
    (
        "camera_id",
        "start_us",
        "track_id",
        "epoch",
        "number",
        "label",
        "score",
        "end_us",
        "observations",
        "path",
        "ended",
        "detector",
        "version",
        "model_digest",
        "run_id",
    ),
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


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
