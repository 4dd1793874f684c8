"""Days of which something went, until the key that encrypted them is destroyed."""

from collections.abc import Sequence

from psycopg import Connection

from vantage_storage.domain.day import bounds_us

_WITH_KEY = """
    select day from storage.erased_days where kind = %s and key_destroyed_us is null order by day
"""
_HAS_ROWS = "select exists (select from storage.recordings where start_us >= %s and start_us < %s)"
_KEY_GONE = "update storage.erased_days set key_destroyed_us = %s where kind = %s and day = %s"


def days_with_key(connection: Connection, bucket: str) -> Sequence[int]:
    """The days of which something of a bucket went, and whose key is not known to be destroyed."""
    return [day for (day,) in connection.execute(_WITH_KEY, [bucket]).fetchall()]


def has_rows(connection: Connection, day: int) -> bool:
    """Whether the index has a recording of the day, marked or not."""
    row = connection.execute(_HAS_ROWS, [*bounds_us(day)]).fetchone()
    return bool(row and row[0])


def note_key_gone(connection: Connection, bucket: str, day: int, now_us: int) -> None:
    """Note that the key of a bucket's day is destroyed."""
    connection.execute(_KEY_GONE, [now_us, bucket, day])
