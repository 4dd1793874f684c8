"""Tracks on their way out: deleted by their day, camera and end, so many at a time."""

from collections.abc import Sequence

from psycopg import Connection, sql

from vantage_storage.domain.day import DAY_US, bounds_us
from vantage_storage.domain.erased import Erased
from vantage_storage.domain.order import Order

BATCH = 5000
KIND = "tracks"
_CLASSES = """
    select camera_id, storage.class_on(camera_id, %s, %s)
    from (select distinct camera_id from storage.tracks where start_us >= %s and start_us < %s) as seen
"""
_DELETE = sql.SQL("""
    with due as (
        select camera_id, start_us, track_id from storage.tracks
        where start_us >= %(first)s and start_us < %(next)s and {which} limit {batch}
    )
    delete from storage.tracks as gone using due
    where gone.start_us >= %(first)s and gone.start_us < %(next)s
      and (gone.camera_id, gone.start_us, gone.track_id) = (due.camera_id, due.start_us, due.track_id)
    returning gone.camera_id, gone.start_us, gone.end_us, gone.track_id
""")
_DUE = sql.SQL("camera_id = any(%(cameras)s) and end_us <= %(cutoff)s")
_ORDERED = sql.SQL("camera_id = %(camera)s and end_us > %(from)s")


def classes_of_cameras(connection: Connection, day: int) -> dict[str, str]:
    """The class by which each camera's tracks of a day fall due."""
    first, following = bounds_us(day)
    return dict(connection.execute(_CLASSES, [first, following, first, following]).fetchall())


def delete_due(connection: Connection, day: int, cameras: Sequence[str], cutoff_us: int) -> list[Erased]:
    """Delete a batch of a day's tracks of some cameras that ended by the cutoff."""
    first, following = bounds_us(day)
    return _delete(connection, _DUE, {"first": first, "next": following, "cameras": list(cameras), "cutoff": cutoff_us})


def delete_ordered(connection: Connection, order: Order) -> list[Erased]:
    """Delete a batch of the tracks of an order's camera that were seen in its span."""
    span = {"first": order.from_us - DAY_US, "next": order.to_us, "from": order.from_us}
    return _delete(connection, _ORDERED, {**span, "camera": order.camera_id})


def _delete(connection: Connection, which: sql.SQL, values: dict[str, object]) -> list[Erased]:
    query = _DELETE.format(which=which, batch=sql.Literal(BATCH))
    return [Erased(KIND, *row) for row in connection.execute(query, values).fetchall()]
