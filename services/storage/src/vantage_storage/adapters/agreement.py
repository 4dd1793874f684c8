"""Whether tables and views have the columns that the code was written for.

The migrations' digests say that code and schema have one history; that nobody altered the schema since, only a look at
it says. Where they disagree storage does not start: a row would be refused by the first batch, or a reader be told
something else than was agreed. `migrations/columns.txt` has what the migrations make, table by table, a line a column;
a test holds it to them, and the rows that are written to it.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files

import psycopg

from vantage.postgres import SchemaMismatch, database_errors

_SCHEMA = "storage"
_PLACE = files("vantage_storage.migrations") / "columns.txt"
_CONNECT_TIMEOUT_S = 5
_COLUMNS = """
    select relname, attname, format_type(atttypid, atttypmod)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p', 'v') and not relispartition
      and relname <> 'schema_migrations' and attnum > 0 and not attisdropped
    order by relname, attname
"""

Columns = Mapping[str, Mapping[str, str]]
"""By table or view, and column: the type as PostgreSQL writes it."""


def check_agreement(dsn: str) -> None:
    """Raise SchemaMismatch, with each column that disagrees, or DatabaseUnavailable; changes nothing."""
    with database_errors(dsn), psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        found = columns_of(connection)
    if faults := list(disagreements(agreed(), found)):
        msg = (
            f"schema {_SCHEMA} is not as this release's migrations leave it (columns.txt): {'; '.join(faults)}. "
            "It was changed by hand: undo that, or take the change into a migration"
        )
        raise SchemaMismatch(msg)


def agreed() -> Columns:
    """What the code was written for."""
    return read(_PLACE.read_text(encoding="utf-8"))


def read(text: str) -> Columns:
    """Columns as `written` writes them."""
    columns: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        name, _, kind = line.strip().partition(" ")
        if line.startswith(" "):
            columns[next(reversed(columns))][name] = kind
        else:
            columns[name] = {}
    return columns


def written(columns: Columns) -> str:
    """The columns as `columns.txt` has them."""
    return "".join(
        f"{relation}\n" + "".join(f"    {name} {kind}\n" for name, kind in types.items())
        for relation, types in columns.items()
    )


def columns_of(connection: psycopg.Connection) -> Columns:
    """What stands in the database."""
    columns: dict[str, dict[str, str]] = {}
    for relation, name, kind in connection.execute(_COLUMNS, [_SCHEMA]):
        columns.setdefault(relation, {})[name] = kind
    return columns


def disagreements(wanted: Columns, found: Columns) -> Iterator[str]:
    """What is not there as it should be, and each column too many; a table that nobody knows harms nobody."""
    for relation, types in wanted.items():
        there = found.get(relation)
        if there is None:
            yield f"there is no {relation}"
            continue
        for name, kind in types.items():
            if name not in there:
                yield f"{relation} has no column {name}"
            elif there[name] != kind:
                yield f"{relation}.{name} is {there[name]}, the code takes it for {kind}"
        yield from (f"{relation} has a column {name} that the code does not know" for name in there.keys() - types)
