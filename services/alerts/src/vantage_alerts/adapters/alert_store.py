"""The desk's alerts in PostgreSQL. A change and its outbox row are one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from vantage.contracts import AlertEvent, decode, encode
from vantage.postgres import database_errors
from vantage_alerts.domain.standing import Standing

CHANNEL = "vantage_alerts_outbox"
_ORDER_LOCK = "select pg_advisory_xact_lock(hashtextextended('vantage.alerts.outbox', 0))"
_READ = "select alert_id, event::text, step from alerts.alerts where alert_id = any(%s)"
_OUTBOX = "insert into alerts.outbox values (nextval('alerts.outbox_sequence'), %s, %s, %s, %s, %s)"
_COLUMNS = (
    "alert_id, revision, step, state, active, rule_id, rule_version, rule_type, camera_id, zone_id, severity, title, "
    "raised_at_us, changed_at_us, window_start_us, evidence, peak, place, event"
)
_CHANGING = "revision, step, state, active, changed_at_us, evidence, peak, event"
_UPSERT = (
    f"insert into alerts.alerts ({_COLUMNS}) values ({', '.join(['%s'] * len(_COLUMNS.split(', ')))}) "  # noqa: S608
    f"on conflict (alert_id) do update set {', '.join(f'{name} = excluded.{name}' for name in _CHANGING.split(', '))}"
)


class Book:
    """The alerts of one transaction: read at its start, written at its end."""

    def __init__(self, standings: dict[str, Standing]) -> None:
        self._standings = standings
        self._changes: list[tuple[Standing, str]] = []

    def get(self, alert_id: str) -> Standing | None:
        """How the alert stands, what was recorded in this transaction included."""
        return self._standings.get(alert_id)

    def record(self, standing: Standing, trace: str) -> None:
        """How an alert stands now; `trace` is the traceparent of what caused it."""
        self._standings[standing.event.alert_id] = standing
        self._changes.append((standing, trace))

    @property
    def changes(self) -> Sequence[tuple[Standing, str]]:
        """What was recorded, in order."""
        return self._changes


class AlertStore:
    """Where the desk reads and changes alerts. Used by one thread at a time."""

    def __init__(self, pool: ConnectionPool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn

    @contextmanager
    def change(self, alert_ids: Sequence[str]) -> Iterator[Book]:
        """A transaction over these alerts, committed when the block ends well.

        The lock is held to the commit, so the outbox has its sequences in the order of its commits and no reader skips
        a row that commits late. Raises DatabaseUnavailable; then nothing was changed.
        """
        with database_errors(self._dsn), self._pool.connection() as connection, connection.transaction():
            connection.execute(_ORDER_LOCK)
            rows = connection.execute(_READ, [list(alert_ids)]).fetchall()
            book = Book({alert_id: Standing(_event(text), step) for alert_id, text, step in rows})
            yield book
            _write(connection, book.changes)


def _write(connection: Connection, changes: Sequence[tuple[Standing, str]]) -> None:
    if not changes:
        return
    latest = {standing.event.alert_id: standing for standing, _ in changes}
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, [_row(standing) for standing in latest.values()])
        cursor.executemany(_OUTBOX, [_outbox_row(standing.event, trace) for standing, trace in changes])
    connection.execute("select pg_notify(%s, '')", [CHANNEL])


def _outbox_row(event: AlertEvent, trace: str) -> tuple[object, ...]:
    return event.event_id, event.alert_id, encode(event), trace, event.at


def _row(standing: Standing) -> tuple[object, ...]:
    event = standing.event
    return (
        event.alert_id,
        event.revision,
        standing.step,
        event.state,
        event.active,
        event.rule_id,
        event.rule_version,
        event.rule_type,
        event.camera_id,
        event.zone_id,
        event.severity,
        event.title,
        event.raised_at,
        event.at,
        event.window_start,
        Jsonb(msgspec.to_builtins(event.evidence)),
        event.peak,
        None if event.place is None else Jsonb(msgspec.to_builtins(event.place)),
        Jsonb(msgspec.to_builtins(event)),
    )


def _event(text: str) -> AlertEvent:
    return cast("AlertEvent", decode("alerts.v1", text.encode()))
