"""Orders to destroy in PostgreSQL, and the marks that they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from psycopg import Connection

from vantage_storage.adapters.garbage import lock_erasure
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.order import Order

_READ = """
    select destruction_id, decision_id, camera_id, from_us, to_us, requester, approver, reason, placed_us
    from storage.destructions where done_us is null order by placed_us, destruction_id
"""
_FIND = """
    select destruction_id, decision_id, camera_id, from_us, to_us, requester, approver, reason, placed_us, answer
    from storage.destructions where decision_id = %s
"""
_ADD = """
    insert into storage.destructions
        (destruction_id, decision_id, camera_id, from_us, to_us, requester, approver, reason, placed_us, answer)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_AGAINST = """
    select hold_id from storage.holds
    where %s = any(cameras) and from_us < %s and to_us > %s and ended_us is null and kind <> 'access-request'
    order by hold_id
"""
_WHOLLY = """
    select hold_id from storage.holds
    where cameras = array[%s] and from_us >= %s and to_us <= %s and key_destroyed_us is null and gone_us is null
      and (kind = 'access-request' or ended_us is not null)
    order by hold_id
"""
_KEY_GONE = "update storage.holds set key_destroyed_us = %s where hold_id = %s"
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


@dataclass(frozen=True)
class Copy:
    """A copy in `evidence` that an order covers, and until when a lock keeps it (UTC microseconds), if one does."""

    hold_id: str
    recording_id: str
    locked_until_us: int | None


def read_standing(connection: Connection) -> Sequence[Order]:
    """The orders for whose span something may still come, the first one first."""
    return [Order(*row) for row in connection.execute(_READ).fetchall()]


def find(connection: Connection, decision_id: str) -> tuple[Order, dict[str, Any]] | None:
    """The order that a decision made, and what was answered."""
    row = connection.execute(_FIND, [decision_id]).fetchone()
    return None if row is None else (Order(*row[:-1]), row[-1])


def add(connection: Connection, order: Order, answer: Mapping[str, Any]) -> None:
    """Write an order and its answer."""
    values = [getattr(order, field.name) for field in fields(order)]
    connection.execute(_ADD, [*values, msgspec.json.encode(answer).decode()])


def holds_against(connection: Connection, order: Order) -> list[str]:
    """The holds of cases and courts that stand against an order."""
    return [hold for (hold,) in connection.execute(_AGAINST, [order.camera_id, order.to_us, order.from_us]).fetchall()]


def holds_wholly_within(connection: Connection, order: Order) -> list[str]:
    """The holds that hold nothing but what an order destroys, and still have their key."""
    return [hold for (hold,) in connection.execute(_WHOLLY, [order.camera_id, order.from_us, order.to_us]).fetchall()]


def note_key_gone(connection: Connection, hold_id: str, now_us: int) -> None:
    """Note that the key of a hold's copies is destroyed."""
    connection.execute(_KEY_GONE, [now_us, hold_id])


def mark(connection: Connection, order: Order) -> tuple[int, list[Copy]]:
    """Mark the recordings of an order and their copies: how many recordings, and each copy.

    What a case or a court holds stays.
    """
    lock_erasure(connection)
    values = {"camera": order.camera_id, "from": order.from_us, "to": order.to_us, "longest": DAY_US}
    recordings = connection.execute(_MARK, values).rowcount
    return recordings, [Copy(*row) for row in connection.execute(_MARK_COPIES, values).fetchall()]


def close(connection: Connection, order: Order, now_us: int) -> None:
    """Note that nothing of the order's span is left to come."""
    connection.execute(_CLOSE, [now_us, order.destruction_id])
