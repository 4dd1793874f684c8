"""How old the oldest rows are that should have gone: measured on the tables, whatever the erasure believes."""

from collections.abc import Mapping

import msgspec
from psycopg import Connection

from vantage_storage.domain.day import bounds_us
from vantage_storage.domain.policy import STANDARD

_RECORDINGS = """
    select retention_class, min(end_us) from storage.recordings
    where start_us >= %s and start_us < %s
      and end_us <= coalesce((%s::jsonb ->> retention_class)::bigint, %s)
      and (garbage or not storage.is_held(camera_id, start_us, end_us, epoch))
    group by retention_class
"""
_TRACKS = "select camera_id, min(end_us) from storage.tracks where start_us >= %s and start_us < %s group by camera_id"


def oldest_recordings(connection: Connection, day: int, cutoffs: Mapping[str, int]) -> dict[str, int]:
    """The earliest end of capture of a day's recordings that are due and not held, by class."""
    named = msgspec.json.encode(cutoffs).decode()
    return dict(connection.execute(_RECORDINGS, [*bounds_us(day), named, cutoffs[STANDARD]]).fetchall())


def oldest_tracks(connection: Connection, day: int) -> dict[str, int]:
    """The earliest end of a day's tracks, by camera."""
    return dict(connection.execute(_TRACKS, [*bounds_us(day)]).fetchall())
