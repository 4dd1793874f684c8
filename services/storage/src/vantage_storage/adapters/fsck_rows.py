"""What the check reads of the index: a camera's day at a time, in the order of keys as the store has it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from psycopg import Connection

from vantage_storage.domain.day import bounds_us
from vantage_storage.domain.fsck import Row

# from one camera to the next by the index: there may be thousands of rows of each
_CAMERAS = """
    with recursive known as (
        (select camera_id from storage.recordings order by camera_id limit 1)
        union all
        select (select camera_id from storage.recordings as next where next.camera_id > known.camera_id
                order by camera_id limit 1)
        from known where known.camera_id is not null
    )
    select camera_id from known where camera_id is not null
"""
_ROWS = """
    select object, recording_id, size, encode(sha256, 'hex'), end_us, retention_class, garbage,
           storage.is_held(camera_id, start_us, end_us, epoch)
    from storage.recordings where camera_id = %s and start_us >= %s and start_us < %s
    order by object collate "C"
"""
_GARBAGE = """
    select camera_id, recording_id from storage.recordings where garbage
    order by start_us, camera_id, epoch limit %s
"""
_LEFTOVERS = "select bucket, object, version from storage.leftovers order by object, version limit %s"
_STILL_GARBAGE = """
    select camera_id, recording_id from storage.recordings where garbage and recording_id = any(%s)
"""
_MOST = 10_000


@dataclass(frozen=True)
class Unfinished:
    """What was on its way out when somebody looked: recordings that are marked, and objects that are noted.

    No more than so many of each: whoever finds these still there later knows enough.
    """

    recordings: Collection[tuple[str, str]]
    leftovers: Collection[tuple[str, str, str]]

    def still(self, later: "Unfinished") -> "Unfinished":
        """What of it was there later as well."""
        return Unfinished(
            sorted(set(self.recordings) & set(later.recordings)), sorted(set(self.leftovers) & set(later.leftovers))
        )


def cameras(connection: Connection) -> list[str]:
    """Every camera that has a recording."""
    return [camera for (camera,) in connection.execute(_CAMERAS).fetchall()]


def rows(connection: Connection, camera_id: str, day: int) -> Iterator[Row]:
    """The recordings of a camera's day by their objects' keys."""
    return (Row(*row) for row in connection.execute(_ROWS, [camera_id, *bounds_us(day)]))


def unfinished(connection: Connection) -> Unfinished:
    """What is on its way out now."""
    marked = connection.execute(_GARBAGE, [_MOST]).fetchall()
    return Unfinished(marked, connection.execute(_LEFTOVERS, [_MOST]).fetchall())


def still_unfinished(connection: Connection, before: Unfinished) -> Unfinished:
    """What of it is on its way out still."""
    ids: Sequence[str] = [recording_id for _, recording_id in before.recordings]
    marked = connection.execute(_STILL_GARBAGE, [list(ids)]).fetchall() if ids else []
    noted = connection.execute(_LEFTOVERS, [_MOST]).fetchall() if before.leftovers else []
    return before.still(Unfinished(marked, noted))
