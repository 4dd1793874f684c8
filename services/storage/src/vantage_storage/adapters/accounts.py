"""Writes the receipts of what went, into the transaction in which it goes."""

from collections.abc import Iterable

from psycopg import Connection

from vantage_storage import metrics
from vantage_storage.adapters.receipts import Receipt, write
from vantage_storage.domain.erased import Cause, Erased, accounts

_NOTE_DAY = "insert into storage.erased_days (kind, day) values (%s, %s) on conflict do nothing"


def account_for(connection: Connection, gone: Iterable[tuple[Cause, Erased]], at_us: int) -> None:
    """Write a receipt for all that went of one kind on one day for one cause."""
    for one in accounts(gone):
        write(connection, Receipt(one.record_id(at_us), at_us, one.cause.action, one.resource, detail=one.detail()))
        connection.execute(_NOTE_DAY, [one.kind, one.day])
        metrics.BYTES_ERASED.labels(one.kind).inc(sum(thing.size for thing in one.things))
