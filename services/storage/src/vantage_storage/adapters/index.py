"""The index in PostgreSQL: rows and the offsets they came from, in one transaction.

So a batch that was cut off at any point is written whole or not at all, and is read again exactly if it was not.
"""

from collections.abc import Iterable, Mapping, Sequence

import psycopg
from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from vantage.contracts import Recording, Track
from vantage.postgres import database_errors
from vantage_storage import metrics
from vantage_storage.adapters.days import Days
from vantage_storage.adapters.rows import RECORDINGS, TRACKS, Cell, Table, recording_row, track_row
from vantage_storage.errors import Contradiction, DayMissing

_BEGINNING = 0

_MAKE_STAGING = sql.SQL(
    "create temporary table if not exists {staging} (position int, like storage.{table} including defaults)"
    " on commit delete rows"
)
_COPY = sql.SQL("copy {staging} (position, {columns}) from stdin")
_TAKE_OVER = sql.SQL(
    "insert into storage.{table} ({columns}) select {columns} from {staging} order by position on conflict do nothing"
)
# lateral with a limit: each row looks its own key up, whatever the planner thinks of a table without statistics
_CONTRADICTION = """
    select position, encode(kept.sha256, 'hex')
    from incoming_recordings as incoming
    cross join lateral (
        select sha256 from storage.recordings as kept
        where (kept.camera_id, kept.start_us, kept.epoch) = (incoming.camera_id, incoming.start_us, incoming.epoch)
        limit 1
    ) as kept
    where kept.sha256 <> incoming.sha256
    order by position limit 1
"""
_SET_OFFSET = """
    insert into storage.offsets (topic, partition, next_offset) values (%s, %s, %s)
    on conflict (topic, partition) do update set next_offset = greatest(offsets.next_offset, excluded.next_offset)
"""


class PostgresIndex:
    """Used from the handler's thread; `next_offsets` from the loop's as well."""

    def __init__(self, pool: ConnectionPool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn
        self._days = Days(pool)

    def next_offsets(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
        """Where to read each partition on: the beginning where nothing of it was written. Raises DatabaseUnavailable.

        The group's own offsets are not asked. They may be ahead of a database that was restored or failed over.
        """
        query = "select partition, next_offset from storage.offsets where topic = %s and partition = any(%s)"
        with database_errors(self._dsn), self._pool.connection() as connection:
            found = connection.execute(query, [topic, list(partitions)]).fetchall()
        return dict.fromkeys(partitions, _BEGINNING) | dict(found)

    def make_days(self, days: Iterable[int]) -> list[int]:
        """Make the tables of the days that are missing; those made now. Raises DatabaseUnavailable."""
        with database_errors(self._dsn):
            return self._days.make(days)

    def write(
        self, recordings: Sequence[Recording], tracks: Sequence[Track], offsets: Mapping[tuple[str, int], int]
    ) -> None:
        """Write all or nothing.

        Raises Contradiction for the first recording that is indexed with another digest, DayMissing, and
        DatabaseUnavailable.
        """
        with metrics.WRITE_SECONDS.time(), database_errors(self._dsn), self._pool.connection() as connection:
            try:
                new_recordings = _write(connection, RECORDINGS, [recording_row(one) for one in recordings])
                if new_recordings < len(recordings):
                    _refuse_contradiction(connection)
                new_tracks = _write(connection, TRACKS, [track_row(one) for one in tracks])
            except psycopg.errors.CheckViolation as error:  # the tables have no check: no partition takes the row
                self._days.forget()
                msg = f"a day's tables were dropped while rows were written: {error.diag.message_primary}"
                raise DayMissing(msg) from error
            with connection.cursor() as cursor:
                cursor.executemany(_SET_OFFSET, [(*place, offset) for place, offset in offsets.items()])
        _count(RECORDINGS, new_recordings, len(recordings))
        _count(TRACKS, new_tracks, len(tracks))


def _write(connection: Connection, table: Table, rows: Sequence[Sequence[Cell]]) -> int:
    """Write the rows that are not there yet, the first of equal ones; how many those were."""
    if not rows:
        return 0
    names = {
        "table": sql.Identifier(table.name),
        "staging": sql.Identifier("pg_temp", f"incoming_{table.name}"),
        "columns": sql.SQL(", ").join(map(sql.Identifier, table.columns)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_STAGING.format(**names))
        with cursor.copy(_COPY.format(**names)) as copy:
            for position, row in enumerate(rows):
                copy.write_row((position, *row))
        cursor.execute(_TAKE_OVER.format(**names))
        return cursor.rowcount


def _refuse_contradiction(connection: Connection) -> None:
    found = connection.execute(_CONTRADICTION).fetchone()
    if found is not None:
        raise Contradiction(*found)


def _count(table: Table, new: int, offered: int) -> None:
    metrics.ROWS.labels(table.name, "new").inc(new)
    metrics.ROWS.labels(table.name, "known").inc(offered - new)
