"""PostgreSQL as Vantage uses it: one schema a service, numbered migrations, and errors that say whether to try again.

A service keeps its migrations as package data, `0001_name.sql`, `0002_name.sql`, and so on. `migrate` applies what is
missing in one transaction under an advisory lock, so replicas that start together wait for one another, and refuses to
go on where code and schema disagree: an applied migration is never edited, and older code never runs on a newer schema.
Migrations run with the `search_path` set to the schema.

Needs the extra `vantage[postgres]` (psycopg 3 and its pool).
"""

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolTimeout

from vantage.errors import Retryable, StartupError

_FILE = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_CONNECT_TIMEOUT_S = 5
_LEDGER = "schema_migrations"


class DatabaseUnavailable(Retryable):
    """The database cannot be reached, or gave up on a statement for now. What was asked may be asked again."""


class SchemaMismatch(StartupError):
    """The migrations in the code and those in the database are not one history. Nothing was changed."""


@dataclass(frozen=True)
class Migration:
    """One numbered step of a schema, as its package holds it."""

    number: int
    name: str
    statements: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the statements, by which an edited migration is found."""
        return hashlib.sha256(self.statements.encode()).hexdigest()


def place_of(dsn: str) -> str:
    """`host:port/database` of a DSN, fit for a message: neither user nor password."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "(VANTAGE_POSTGRES_DSN cannot be read)"
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


@contextmanager
def database_errors(dsn: str) -> Iterator[None]:
    """Turn what psycopg raises for a database that is away or overloaded into DatabaseUnavailable."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        reason = _reason(_cause(dsn, error) if isinstance(error, PoolTimeout) else error)
        msg = f"PostgreSQL at {place_of(dsn)} is unavailable: {reason}; check that it runs and accepts this user"
        raise DatabaseUnavailable(msg) from error


def _cause(dsn: str, timeout: PoolTimeout) -> Exception:
    """Why the pool has no connection, which it does not say: what a connection of our own is refused for."""
    try:
        psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S).close()
    except psycopg.OperationalError as error:
        return error
    return timeout


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def connect_pool(dsn: str, *, application: str, max_size: int = 4, timeout_s: float = 10.0) -> ConnectionPool:
    """An open pool that checks a connection before it lends it, so that a restarted database costs no failed batch.

    It opens without waiting for the database: the first use says DatabaseUnavailable (within `database_errors`).
    """
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # each use says once what the pool warns of many times
    options = {"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": application}
    pool = ConnectionPool(
        dsn,
        min_size=1,
        max_size=max_size,
        timeout=timeout_s,
        kwargs=options,
        check=ConnectionPool.check_connection,
        open=False,
        name=application,
    )
    pool.open()
    return pool


def read_migrations(package: str) -> list[Migration]:
    """The `NNNN_name.sql` files of a package, in order. Raises SchemaMismatch where a number is missing or twice."""
    found = [
        Migration(int(match[1]), match[2], entry.read_text(encoding="utf-8"))
        for entry in sorted(files(package).iterdir(), key=lambda entry: entry.name)
        if (match := _FILE.match(entry.name))
    ]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)) or not found:
        msg = f"{package}: migrations must be numbered 0001, 0002, ...; found {[m.number for m in found]}"
        raise SchemaMismatch(msg)
    return found


def migrate(dsn: str, schema: str, package: str) -> list[str]:
    """Bring the schema to where the package's migrations end; the names of those applied now.

    Raises DatabaseUnavailable where the database is away, SchemaMismatch where it holds another history.
    """
    wanted = read_migrations(package)
    with database_errors(dsn), psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"vantage.migrate.{schema}"])
        _make_ledger(connection, schema)
        missing = _missing(connection, schema, wanted)
        for migration in missing:
            _apply(connection, schema, migration)
    return [migration.name for migration in missing]


def check_schema(dsn: str, schema: str, package: str) -> None:
    """Raise SchemaMismatch unless the database holds exactly the package's migrations; changes nothing."""
    wanted = read_migrations(package)
    with database_errors(dsn), psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        row = connection.execute("select to_regclass(%s)", [f"{schema}.{_LEDGER}"]).fetchone()
        missing = _missing(connection, schema, wanted) if row and row[0] else wanted
    if missing:
        msg = f"schema {schema} lacks migration {missing[0].number:04} ({missing[0].name}): run the service's migrate"
        raise SchemaMismatch(msg)


def _make_ledger(connection: psycopg.Connection, schema: str) -> None:
    # "create schema if not exists" wants the right to create even where the schema is there
    row = connection.execute("select to_regnamespace(%s)", [schema]).fetchone()
    if row is None or row[0] is None:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    connection.execute(sql.SQL("set local search_path to {}").format(sql.Identifier(schema)))
    columns = "number int primary key, name text not null, digest text not null, applied_at timestamptz default now()"
    make = sql.SQL("create table if not exists {} (" + columns + ")")
    connection.execute(make.format(sql.Identifier(schema, _LEDGER)))


def _missing(connection: psycopg.Connection, schema: str, wanted: Sequence[Migration]) -> list[Migration]:
    query = sql.SQL("select number, name, digest from {} order by number").format(sql.Identifier(schema, _LEDGER))
    applied = connection.execute(query).fetchall()
    if len(applied) > len(wanted):
        msg = (
            f"schema {schema} is at migration {len(applied):04}, the code knows {len(wanted):04}: "
            "a newer release has been here; deploy that release or a later one"
        )
        raise SchemaMismatch(msg)
    for (number, name, digest), migration in zip(applied, wanted, strict=False):
        if (number, digest) != (migration.number, migration.digest):
            msg = (
                f"schema {schema}: migration {number:04} was applied as {name!r} with other statements than this "
                f"code's {migration.name!r}; an applied migration is never edited: add a new one"
            )
            raise SchemaMismatch(msg)
    return list(wanted[len(applied) :])


def _apply(connection: psycopg.Connection, schema: str, migration: Migration) -> None:
    try:
        connection.execute(migration.statements.encode())
    except psycopg.ProgrammingError as error:
        msg = f"schema {schema}: migration {migration.number:04} ({migration.name}) failed: {error}"
        raise SchemaMismatch(msg) from error
    note = sql.SQL("insert into {} (number, name, digest) values (%s, %s, %s)").format(sql.Identifier(schema, _LEDGER))
    connection.execute(note, [migration.number, migration.name, migration.digest])
