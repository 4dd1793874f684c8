"""The publisher's end of the outbox: one connection that holds the lock, reads in order, and hears of new rows."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from vantage.postgres import database_errors
from vantage_alerts.adapters.alert_store import CHANNEL
from vantage_alerts.domain.outbox import Mark, OutboxRow

BATCH = 500
_LOCK = "select pg_try_advisory_lock(hashtextextended('vantage.alerts.publisher', 0))"
_AFTER = (
    "select sequence, event_id, alert_id, event, trace, made_at_us from alerts.outbox "
    "where sequence > %s order by sequence limit %s"
)
_KEEPALIVE = "set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3"


class Outbox:
    """One session. The advisory lock lives and dies with it, so a publisher that lost its session leads no more."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, dsn: str) -> Iterator["Outbox"]:
        """A session of its own: neither the lock nor LISTEN outlives a transaction in a pool.

        Raises DatabaseUnavailable, here and in the block.
        """
        with (
            database_errors(dsn),
            psycopg.connect(dsn, autocommit=True, connect_timeout=5, application_name="vantage-publisher") as session,
        ):
            session.execute(_KEEPALIVE)  # a host that vanishes without a word must not hold the lock for hours
            session.execute(f"listen {CHANNEL}")
            yield cls(session)

    def lead(self) -> bool:
        """Whether this session holds the lock of the one publisher; takes it where it is free."""
        row = self._connection.execute(_LOCK).fetchone()
        return bool(row and row[0])

    def mark(self) -> Mark:
        """How far publishing had come when it was last noted."""
        sequence, next_offset = self._connection.execute(
            "select sequence, next_offset from alerts.published"
        ).fetchall()[0]
        return Mark(sequence, next_offset)

    def after(self, sequence: int) -> list[OutboxRow]:
        """The next rows in their order, a batch at most."""
        return [OutboxRow(*row) for row in self._connection.execute(_AFTER, [sequence, BATCH])]

    def settle(self, mark: Mark) -> None:
        """Note how far publishing has come, and forget what is published."""
        with self._connection.transaction():
            self._connection.execute(
                "update alerts.published set sequence = %s, next_offset = %s", [mark.sequence, mark.next_offset]
            )
            self._connection.execute("delete from alerts.outbox where sequence <= %s", [mark.sequence])

    def wait(self, seconds: float) -> None:
        """Wait for word of new rows, so long at most."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            return
