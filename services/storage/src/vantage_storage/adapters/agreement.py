"""Whether tables and views have the columns that the code was written for.

The migrations' digests say that code and schema have one history; that nobody altered the schema since, only a look at
it says. Where they disagree storage does not start: a row would be refused by the first batch, or a reader be told
something else than was agreed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import psycopg

from vantage.postgres import SchemaMismatch, database_errors
from vantage_storage.adapters.rows import RECORDINGS, TRACKS, Table

_SCHEMA = "storage"
_CONNECT_TIMEOUT_S = 5
_COLUMNS = """
    select relname, attname, format_type(atttypid, atttypmod)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = to_regnamespace(%s) and relname = any(%s) and attnum > 0 and not attisdropped
    order by relname, attnum
"""


@dataclass(frozen=True)
class Relation:
    """A table or view and its columns' types, as PostgreSQL writes them (`format_type`)."""

    name: str
    types: Mapping[str, str]


def of_table(table: Table) -> Relation:
    """All columns of a table."""
    return Relation(table.name, {**table.types, **table.others})


RECORDINGS_V1 = Relation(
    "recordings_v1",
    {
        "recording_id": "text",
        "camera_id": "text",
        "epoch": "bigint",
        "start_us": "bigint",
        "end_us": "bigint",
        "clock": "jsonb",
        "codec": "text",
        "width": "integer",
        "height": "integer",
        "bucket": "text",
        "object": "text",
        "size": "bigint",
        "sha256": "text",
        "init_length": "integer",
        "fragments": "jsonb",
        "gap_before": "jsonb",
        "retention_class": "text",
        "origin": "jsonb",
        "digests_sha256": "text",
        "fragments_end": "bigint",
        "trailer": "bytea",
    },
)
TRACKS_V1 = Relation("tracks_v1", {**TRACKS.types, "model_digest": "text"})
OFFSETS = Relation("offsets", {"topic": "text", "partition": "integer", "next_offset": "bigint"})

GAPS_V1 = Relation(
    "gaps_v1",
    {
        "camera_id": "text",
        "start_us": "bigint",
        "end_us": "bigint",
        "cause": "text",
        "detail": "text",
        "owed": "boolean",
    },
)
LEDGER_V1 = Relation(
    "ledger_v1",
    {
        "camera_id": "text",
        "day": "date",
        "owed_seconds": "numeric",
        "recorded_seconds": "numeric",
        "explained_seconds": "numeric",
        "unexplained_seconds": "numeric",
        "pending_seconds": "numeric",
        "judged_us": "bigint",
    },
)

RELATIONS = (of_table(RECORDINGS), of_table(TRACKS), OFFSETS, RECORDINGS_V1, TRACKS_V1, GAPS_V1, LEDGER_V1)


def check_agreement(dsn: str, relations: Iterable[Relation] = RELATIONS) -> None:
    """Raise SchemaMismatch, with each column that disagrees, or DatabaseUnavailable; changes nothing."""
    wanted = list(relations)
    with database_errors(dsn), psycopg.connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        rows = connection.execute(_COLUMNS, [_SCHEMA, [one.name for one in wanted]]).fetchall()
    found: dict[str, dict[str, str]] = {one.name: {} for one in wanted}
    for name, column, kind in rows:
        found[name][column] = kind
    if faults := [fault for one in wanted for fault in disagreements(one, found[one.name])]:
        msg = (
            f"schema {_SCHEMA} is not as this release's migrations leave it: {'; '.join(faults)}. "
            "It was changed by hand: undo that, or take the change into a migration"
        )
        raise SchemaMismatch(msg)


def disagreements(wanted: Relation, found: Mapping[str, str]) -> Iterator[str]:
    """What stands in the database and is not what the code was written for, a sentence each."""
    if not found:
        yield f"there is no {wanted.name}"
        return
    for column, kind in wanted.types.items():
        if column not in found:
            yield f"{wanted.name} has no column {column}"
        elif found[column] != kind:
            yield f"{wanted.name}.{column} is {found[column]}, the code takes it for {kind}"
    for column in found.keys() - wanted.types.keys():
        yield f"{wanted.name} has a column {column} that the code does not know"
