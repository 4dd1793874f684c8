"""What waits to be published, and how far publishing has come."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True)
class OutboxRow:
    """One event to be published: its place in the order, its ids, its bytes, its traceparent, and when it was made
    (UTC microseconds).
    """

    sequence: int
    event_id: str
    alert_id: str
    event: bytes
    trace: str
    made_at: int


@dataclass(frozen=True)
class Mark:
    """Every row up to this sequence is in alerts.v1, and none after it stands there before this offset."""

    sequence: int
    next_offset: int


def unpublished(rows: Iterable[OutboxRow], published: AbstractSet[str]) -> list[OutboxRow]:
    """The rows whose events are not there yet. By the event's id and not by the sequence, because a database that was
    restored, or made anew, gives sequences again.
    """
    return [row for row in rows if row.event_id not in published]
