"""What is written to the index's tables is what the schema's list of columns says that they hold."""

import pytest

from vantage_storage.adapters.agreement import agreed, disagreements, read, written
from vantage_storage.adapters.rows import RECORDINGS, TRACKS, Table


@pytest.mark.parametrize("table", [RECORDINGS, TRACKS], ids=lambda table: table.name)
def test_rows_have_the_columns_that_were_agreed(table: Table) -> None:
    assert agreed()[table.name] == {**table.types, **table.others}


def test_the_list_is_read_as_it_is_written() -> None:
    columns = {"one": {"a": "text", "b": "character varying(10)"}, "two": {"a": "text"}}
    assert read(written(columns)) == columns
    assert "tracks_v1" in agreed()


def test_what_agrees_is_silent_and_the_rest_is_named() -> None:
    wanted = {"one": {"a": "text", "b": "bigint"}, "two": {"a": "text"}}
    assert list(disagreements(wanted, {**wanted, "more": {"a": "text"}})) == []
    assert list(disagreements(wanted, {"one": {"a": "jsonb", "c": "text"}})) == [
        "one.a is jsonb, the code takes it for text",
        "one has no column b",
        "one has a column c that the code does not know",
        "there is no two",
    ]
