"""What waits to be published, and how far publishing has come."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OutboxRow:
    """One event to be published: its place in the order, its alert, its bytes, its traceparent, and when it was made
    (UTC microseconds).
    """

    sequence: int
    alert_id: str
    event: bytes
    trace: str
    made_at: int


@dataclass(frozen=True)
class Mark:
    """The highest sequence known to be in alerts.v1, and the offset there from which later ones are looked for."""

    sequence: int
    next_offset: int
