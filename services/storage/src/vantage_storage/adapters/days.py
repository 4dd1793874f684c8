"""A table a day for each kind of row.

A day is made when a row first needs it, and ahead of time so that midnight waits for none. There is no default
partition: what lay in one could not be forgotten by day, and making a day would lock and read it through. A clock that
is far off costs a small table for each of its days, and a line in the log.
"""

from collections.abc import Iterable

from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from vantage_storage.adapters.rows import RECORDINGS, TRACKS
from vantage_storage.domain.day import bounds_us, compact

_SCHEMA = "storage"


class Days:
    """Makes days and remembers which are there."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._known: set[int] = set()

    def make(self, days: Iterable[int]) -> list[int]:
        """Make the days that are missing and return those made now. Replicas that make the same day wait in turn."""
        wanted = sorted(set(days) - self._known)
        if not wanted:
            return []
        with self._pool.connection() as connection:
            connection.execute("select pg_advisory_xact_lock(hashtextextended('vantage.storage.days', 0))")
            made = [day for day in wanted if _make(connection, day)]
        self._known.update(wanted)
        return made

    def forget(self) -> None:
        """Look again at what is there."""
        self._known.clear()


def _make(connection: Connection, day: int) -> bool:
    made = [_make_table(connection, table.name, day) for table in (RECORDINGS, TRACKS)]
    return any(made)


def _make_table(connection: Connection, table: str, day: int) -> bool:
    name = f"{table}_{compact(day)}"
    row = connection.execute("select to_regclass(%s)", [f"{_SCHEMA}.{name}"]).fetchone()
    if row and row[0]:
        return False
    parent, child = sql.Identifier(_SCHEMA, table), sql.Identifier(_SCHEMA, name)
    low, high = (sql.Literal(bound) for bound in bounds_us(day))
    # attached afterwards, because "create table ... partition of" would lock readers out of the whole index
    connection.execute(sql.SQL("create table {} (like {} including all)").format(child, parent))
    attach = sql.SQL("alter table {} attach partition {} for values from ({}) to ({})")
    connection.execute(attach.format(parent, child, low, high))
    return True
