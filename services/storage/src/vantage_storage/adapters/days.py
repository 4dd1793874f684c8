"""A table a day for each kind of row.

A day is made when a row first needs it, and ahead of time so that midnight waits for none. There is no default
partition: what lay in one could not be forgotten by day, and making a day would lock and read it through. A clock that
is far off costs a small table for each of its days, and a line in the log.
"""

from collections.abc import Iterable

import psycopg
from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from vantage_storage.adapters.rows import RECORDINGS, TRACKS, Table
from vantage_storage.domain.day import bounds_us, compact, day_named
from vantage_storage.errors import DayBusy

_SCHEMA = "storage"
_TABLES = (RECORDINGS, TRACKS)
_LOCK_PATIENCE = "1s"
_CHILDREN = """
    select child.relname from pg_inherits join pg_class as child on child.oid = inhrelid
    where inhparent = %s::regclass
"""


class Days:
    """Makes days and remembers which are there; drops those that are over. Raises what psycopg raises."""

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

    def there(self) -> list[int]:
        """The days that have tables, in order."""
        with self._pool.connection() as connection:
            names = connection.execute(_CHILDREN, [f"{_SCHEMA}.{RECORDINGS.name}"]).fetchall()
        return sorted(day_named(name.rpartition("_")[2]) for (name,) in names)

    def drop_empty(self, days: Iterable[int]) -> list[int]:
        """Drop the tables of those days whose tables hold no row, each day in its own transaction; the days dropped.

        For days that are behind: a row that still comes for one makes it again. Raises DayBusy where readers and
        writers leave no moment for it; what was dropped before stays so.
        """
        return [day for day in sorted(set(days)) if self.is_empty(day) and self.drop(day)]

    def drop(self, day: int) -> bool:
        """Drop a day's tables unless they hold a row, or are not there. Raises DayBusy.

        A table that is dropped locks the whole index for a moment. The lock is waited for briefly, as everybody who
        comes after must wait behind it.
        """
        try:
            with self._pool.connection() as connection:
                connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_PATIENCE)))
                for table in _TABLES:  # in the order in which rows are written, and before their days
                    lock = sql.SQL("lock table only {} in access exclusive mode")
                    connection.execute(lock.format(sql.Identifier(_SCHEMA, table.name)))
                if not _empty(connection, day):
                    return False
                for table in _TABLES:
                    connection.execute(sql.SQL("drop table if exists {}").format(_child(table, day)))
        except psycopg.errors.LockNotAvailable as error:
            msg = f"the index is in use, the tables of {compact(day)} stay for now"
            raise DayBusy(msg) from error
        self._known.discard(day)
        return True

    def is_empty(self, day: int) -> bool:
        """Whether a day has tables, and no row in any."""
        with self._pool.connection() as connection:
            return _empty(connection, day)

    def forget(self) -> None:
        """Look again at what is there."""
        self._known.clear()


def _child(table: Table, day: int) -> sql.Identifier:
    return sql.Identifier(_SCHEMA, f"{table.name}_{compact(day)}")


def _is_there(connection: Connection, table: Table, day: int) -> bool:
    row = connection.execute("select to_regclass(%s)", [f"{_SCHEMA}.{table.name}_{compact(day)}"]).fetchone()
    return bool(row and row[0])


def _empty(connection: Connection, day: int) -> bool:
    """Whether the day has tables, and no row in any."""
    there = [table for table in _TABLES if _is_there(connection, table, day)]
    look = sql.SQL("select 1 from {} limit 1")
    return bool(there) and not any(connection.execute(look.format(_child(table, day))).fetchone() for table in there)


def _make(connection: Connection, day: int) -> bool:
    made = [_make_table(connection, table, day) for table in _TABLES]
    return any(made)


def _make_table(connection: Connection, table: Table, day: int) -> bool:
    if _is_there(connection, table, day):
        return False
    parent, child = sql.Identifier(_SCHEMA, table.name), _child(table, day)
    low, high = (sql.Literal(bound) for bound in bounds_us(day))
    # attached afterwards, because "create table ... partition of" would lock readers out of the whole index
    connection.execute(sql.SQL("create table {} (like {} including all)").format(child, parent))
    attach = sql.SQL("alter table {} attach partition {} for values from ({}) to ({})")
    connection.execute(attach.format(parent, child, low, high))
    return True
