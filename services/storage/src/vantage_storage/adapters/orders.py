"""Orders to destroy in PostgreSQL, and the marks that they come to."""

from collections.abc import Sequence

from psycopg import Connection

from vantage_storage.adapters.garbage import lock_erasure
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.order import Order

_READ = """
    select destruction_id, decision_id, camera_id, from_us, to_us, requester, approver, reason, placed_us
    from storage.destructions where done_us is null order by placed_us, destruction_id
"""
_CLOSE = "update storage.destructions set done_us = %s where destruction_id = %s"
# against a case or a court an order has no power; it goes before what was asked for at intake
_MARK = """
    update storage.recordings as row set garbage = true
    where camera_id = %(camera)s and not garbage
      and start_us < %(to)s and end_us > %(from)s and start_us > %(from)s - %(longest)s
      and not exists (
          select from storage.holds as hold
          where row.camera_id = any(hold.cameras) and hold.ended_us is null and hold.kind <> 'access-request'
            and row.start_us < hold.to_us and row.end_us > hold.from_us
      )
"""
_MARK_COPIES = """
    update storage.evidence as copy set state = 'garbage'
    where camera_id = %(camera)s and state <> 'garbage'
      and start_us < %(to)s and end_us > %(from)s
      and not exists (
          select from storage.holds as hold
          where hold.hold_id = copy.hold_id and hold.ended_us is null and hold.kind <> 'access-request'
      )
    returning hold_id, recording_id, locked_until_us
"""


def read_standing(connection: Connection) -> Sequence[Order]:
    """The orders for whose span something may still come, the first one first."""
    return [Order(*row) for row in connection.execute(_READ).fetchall()]


def mark(connection: Connection, order: Order) -> tuple[int, list[tuple[str, str, int | None]]]:
    """Mark the recordings of an order and their copies: how many recordings, and (hold, recording, lock) of each copy.

    What a case or a court holds stays.
    """
    lock_erasure(connection)
    values = {"camera": order.camera_id, "from": order.from_us, "to": order.to_us, "longest": DAY_US}
    recordings = connection.execute(_MARK, values).rowcount
    copies = connection.execute(_MARK_COPIES, values).fetchall()
    return recordings, [(hold, recording, locked) for hold, recording, locked in copies]


def close(connection: Connection, order: Order, now_us: int) -> None:
    """Note that nothing of the order's span is left to come."""
    connection.execute(_CLOSE, [now_us, order.destruction_id])
