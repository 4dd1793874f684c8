"""A schema that was changed by hand is found before a row is written, and the column is named."""

from typing import Any

import psycopg
import pytest

from vantage.postgres import DatabaseUnavailable, SchemaMismatch, migrate
from vantage_storage.adapters.agreement import agreed, check_agreement, columns_of, written
from vantage_storage.service import MIGRATIONS, SCHEMA


@pytest.fixture
def database(database: Any) -> Any:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    return database


def test_what_the_migrations_make_is_what_the_code_was_written_for(database: Any) -> None:
    check_agreement(database.dsn)
    with psycopg.connect(database.dsn) as connection:
        made = written(columns_of(connection))
    assert made == written(agreed()), f"migrations/columns.txt should be:\n{made}"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "drop view storage.recordings_v1; alter table storage.recordings alter column width type bigint",
            "recordings.width is bigint, the code takes it for integer",
        ),
        ("alter table storage.tracks drop column run_id cascade", "tracks has no column run_id; there is no tracks_v1"),
        (
            "alter table storage.recordings add column seen boolean",
            "recordings has a column seen that the code does not know",
        ),
        ("alter table storage.receipts alter column at_us type text", "receipts.at_us is text"),
        ("alter table storage.holds drop column gone_us cascade", "holds has no column gone_us"),
        ("alter table storage.offsets rename column next_offset to next", "offsets has no column next_offset"),
        ("drop view storage.recordings_v1", "there is no recordings_v1"),
        (
            "drop view storage.tracks_v1 cascade; create view storage.tracks_v1 as select 1 as score",
            "tracks_v1 has no column camera_id; ",
        ),
    ],
)
def test_a_change_by_hand_is_named(database: Any, statement: str, says: str) -> None:
    database.execute(statement)
    with pytest.raises(SchemaMismatch) as caught:
        check_agreement(database.dsn)
    assert says in str(caught.value)
    assert "undo that" in str(caught.value)


def test_nothing_at_all_is_a_disagreement_too(database: Any) -> None:
    database.execute("drop schema storage cascade")
    with pytest.raises(SchemaMismatch, match="there is no recordings; "):
        check_agreement(database.dsn)


def test_a_database_that_is_away_is_no_disagreement(database: Any) -> None:
    database.lock()
    with pytest.raises(DatabaseUnavailable):
        check_agreement(database.dsn)
    database.unlock()
