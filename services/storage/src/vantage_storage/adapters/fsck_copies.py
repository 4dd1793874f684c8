"""What the check reads of the copies of a hold, in the order of their keys, a page at a time."""

from collections.abc import Iterator, Mapping

from psycopg import Connection, ServerCursor

from vantage_storage.adapters.evidence_book import COPY, Copy
from vantage_storage.domain.fsck_evidence import CopyRow

_ROWS = """
    select object, camera_id, recording_id, state, coalesce(version, ''), size, encode(sha256, 'hex'), claimed_us,
           coalesce(locked_until_us, 0), failure
    from storage.evidence where hold_id = %s
"""
_OF_CAMERA = ' and camera_id = %s order by object collate "C"'
_STORED = COPY + " where copy.hold_id = %s and copy.object = %s and copy.state = 'stored'"
_AT_ONCE = """
    update storage.evidence set failed_us = null
    where (hold_id, camera_id, start_us, epoch) = (%s, %s, %s, %s) and state = 'writing'
"""
_EXTRAS = "select object, version, locked_until_us from storage.evidence_extras where hold_id = %s"


def rows(connection: Connection, hold_id: str, camera_id: str) -> Iterator[CopyRow]:
    """Every copy that a hold has of a camera, by key. The transaction is open for as long as they are read."""
    with ServerCursor(connection, "fsck_copies") as cursor:
        cursor.execute(_ROWS + _OF_CAMERA, [hold_id, camera_id])
        yield from (CopyRow(*row) for row in cursor)


def row(connection: Connection, hold_id: str, key: str) -> CopyRow | None:
    """The copy at a key, as it is now."""
    found = connection.execute(_ROWS + " and object = %s", [hold_id, key]).fetchone()
    return CopyRow(*found) if found else None


def extras(connection: Connection, hold_id: str) -> Mapping[tuple[str, str], int]:
    """The versions of a hold that are known to be no copy's, and until when each is locked."""
    return {(key, version): until for key, version, until in connection.execute(_EXTRAS, [hold_id]).fetchall()}


def stored(connection: Connection, hold_id: str, key: str) -> Copy | None:
    """The stored copy at a key, as the chores have it."""
    found = connection.execute(_STORED, [hold_id, key]).fetchone()
    return Copy(*found) if found else None


def try_at_once(connection: Connection, copy: Copy) -> None:
    """Let the next round try a copy that failed, and not only when its time has come."""
    connection.execute(_AT_ONCE, copy.key)
