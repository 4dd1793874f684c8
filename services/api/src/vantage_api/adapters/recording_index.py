"""What is recorded, from the view `storage.recordings_v1`."""

from collections.abc import Mapping, Sequence
from typing import Any

from vantage_api.adapters.database import Database
from vantage_api.domain.window import Recorded
from vantage_api.ports import Stored, Trailer

_LONGEST_US = 600 * 1_000_000
"""No recording is longer than a minute; ten allow for a later, longer one, and keep the search on the index."""

_MOST_FRAGMENTS = 10_000


class PostgresRecordingIndex:
    """Reads the index of storage. Within a camera, start and epoch name a recording."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def within(self, camera_id: str, from_us: int, to_us: int) -> Sequence[Recorded]:
        """The recordings of a camera that touch [from_us, to_us), oldest first."""
        rows = self._database.rows(
            "select epoch, start_us, end_us, codec, width, height, fragments, gap_before ->> 'cause' as gap_cause"
            " from storage.recordings_v1 where camera_id = %s and start_us >= %s and start_us < %s and end_us > %s"
            " order by start_us, epoch",
            [camera_id, from_us - _LONGEST_US, to_us, from_us],
        )
        return [_recorded(row) for row in rows]

    def fragment(self, camera_id: str, start_us: int, epoch: int, index: int) -> tuple[int, int, Stored] | None:
        """Start and duration (microseconds) of one fragment of a recording, and where its bytes are."""
        if index >= _MOST_FRAGMENTS:
            return None
        rows = self._database.rows(
            "select bucket, object, size, digests_sha256, fragments_end, trailer, fragments -> %s::int as fragment"
            " from storage.recordings_v1 where camera_id = %s and start_us = %s and epoch = %s",
            [index, camera_id, start_us, epoch],
        )
        if not rows or rows[0]["fragment"] is None:
            return None
        start, duration, offset, length = rows[0]["fragment"]
        place = rows[0]["bucket"], rows[0]["object"]
        return start, duration, Stored(*place, offset, length, trailer=_trailer(rows[0]), index=index)

    def init(self, camera_id: str, start_us: int, epoch: int) -> Stored | None:
        """Where the initialisation segment of a recording is."""
        rows = self._database.rows(
            "select bucket, object, init_length from storage.recordings_v1"
            " where camera_id = %s and start_us = %s and epoch = %s",
            [camera_id, start_us, epoch],
        )
        return Stored(rows[0]["bucket"], rows[0]["object"], 0, rows[0]["init_length"]) if rows else None


def _trailer(row: Mapping[str, Any]) -> Trailer:
    end, box = row["fragments_end"], row["trailer"]
    return Trailer(
        row["bucket"],
        row["object"],
        offset=end,
        length=row["size"] - end,
        sha256=row["digests_sha256"],
        box=None if box is None else bytes(box),
    )


def _recorded(row: Mapping[str, Any]) -> Recorded:
    return Recorded(
        epoch=row["epoch"],
        start_us=row["start_us"],
        end_us=row["end_us"],
        picture=(row["codec"], row["width"], row["height"]),
        fragments=[(start, duration, offset, length) for start, duration, offset, length in row["fragments"]],
        gap_cause=row["gap_cause"] or "",
    )
