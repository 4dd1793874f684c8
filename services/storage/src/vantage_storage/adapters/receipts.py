"""Receipts: what storage did that must be accounted for, written in the transaction of its effect.

The table `storage.receipts` is the outbox of `audit.v1`: a receipt is there exactly when its effect is, whatever was
killed, and is published afterwards. A crash between the two publishes it again, under the same `record_id`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from psycopg import Connection

from vantage.contracts import AuditRecord

ACTOR = "storage"

_WRITE = """
    insert into storage.receipts (record_id, at_us, action, resource, reason, detail)
    values (%s, %s, %s, %s, %s, %s) on conflict (record_id) do nothing
"""
_UNPUBLISHED = """
    select record_id, at_us, action, resource, reason, detail from storage.receipts
    where not published order by at_us, record_id limit %s
"""
_PUBLISHED = "update storage.receipts set published = true where record_id = any(%s)"


@dataclass(frozen=True)
class Receipt:
    """One effect, under an id made of it (`vantage.ids.derive("rcp", ...)`): of two with one id the first counts.

    `at_us` is when it was done (UTC microseconds), `resource` what it was done to; `detail` holds figures and names,
    never what was erased.
    """

    record_id: str
    at_us: int
    action: str
    resource: str
    reason: str = ""
    detail: dict[str, str] = field(default_factory=dict)

    def as_record(self) -> AuditRecord:
        """The receipt as `audit.v1` has it."""
        return AuditRecord(
            record_id=self.record_id,
            at=self.at_us,
            actor=ACTOR,
            kind="receipt",
            action=self.action,
            resource=self.resource,
            reason=self.reason,
            detail=self.detail,
        )


def write(connection: Connection, receipt: Receipt) -> None:
    """Write a receipt into the transaction of its effect; one that is there stays as it is."""
    detail = msgspec.json.encode(receipt.detail).decode()
    values = [receipt.record_id, receipt.at_us, receipt.action, receipt.resource, receipt.reason, detail]
    connection.execute(_WRITE, values)


def unpublished(connection: Connection, limit: int) -> Sequence[Receipt]:
    """The oldest receipts that nobody is known to have published, in their order."""
    return [Receipt(*row) for row in connection.execute(_UNPUBLISHED, [limit]).fetchall()]


def mark_published(connection: Connection, receipts: Sequence[Receipt]) -> None:
    """Remember that the event log has them."""
    connection.execute(_PUBLISHED, [[one.record_id for one in receipts]])
