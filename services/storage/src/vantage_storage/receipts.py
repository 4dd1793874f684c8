"""The chore that brings receipts to `audit.v1`."""

from vantage.postgres import database_errors
from vantage_storage.adapters.receipts import mark_published, unpublished
from vantage_storage.chores import Chore
from vantage_storage.parts import Parts

TOPIC = "audit.v1"
_BATCH = 500
_EVERY_S = 5.0


def receipts_chores(parts: Parts) -> list[Chore]:
    """What brings receipts to the event log."""
    return [Chore("receipts", _EVERY_S, lambda: _publish_all(parts))]


def _publish_all(parts: Parts) -> None:
    while not parts.running.stop.is_set() and _publish_batch(parts):
        pass


def _publish_batch(parts: Parts) -> bool:
    """Publish the oldest and mark them when the log has them; whether there was any.

    Raises DatabaseUnavailable and BrokerUnavailable, after either of which the batch may be published again.
    """
    with database_errors(parts.dsn):
        with parts.pool.connection() as connection:
            batch = unpublished(connection, _BATCH)
        for receipt in batch:
            parts.publisher.publish(TOPIC, receipt.as_record())
        parts.publisher.flush()
        with parts.pool.connection() as connection:
            mark_published(connection, batch)
    return bool(batch)
