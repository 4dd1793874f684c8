"""The packed list of fragments in the database: SQL reads what Python writes, and rows from before lose nothing."""

import hashlib
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import sql

from vantage.contracts import Recording
from vantage.contracts.recording import FragmentRange
from vantage.fragment_digests import digests_of, trailer, trailer_length
from vantage.postgres import read_migrations
from vantage_storage.adapters.rows import RECORDINGS, recording_row
from vantage_storage.domain.fragment_list import pack, unfit
from vantage_storage.service import MIGRATIONS

MakeRecording = Callable[..., Recording]

SECOND, MOST = 1_000_000, 2**32 - 1


def with_fragments(template: Recording, numbers: list[tuple[int, int, int]]) -> Recording:
    """The recording with fragments of these times after its start, durations and lengths."""
    made, offset = [], template.init_length
    for at, (after, duration, length) in enumerate(numbers):
        digest = hashlib.sha256(bytes([at % 256])).hexdigest()
        made.append(FragmentRange(template.start + after, duration, offset, length, digest))
        offset += length
    changed = replace(template, fragments=made, size=offset + trailer_length(len(made)))
    assert unfit(changed) is None
    return changed


def shapes() -> Iterator[list[tuple[int, int, int]]]:
    """One fragment, a whole minute, gaps and overlaps within a recording, the ends of what fits, and chance."""
    yield [(0, SECOND, 0)]
    yield [(0, SECOND, 1000)] * 60
    yield [(at * SECOND, SECOND, 90_000 + at) for at in range(60)]
    yield [(0, SECOND, 1), (9 * SECOND, SECOND - 11, 2), (9 * SECOND + 5, 3 * SECOND, 1)]
    yield [(MOST, MOST, MOST), (0, 0, 0), (MOST, 0, 7)]
    chance = random.Random(7)  # noqa: S311
    for count in (2, 3, 61, 300):
        yield [(chance.randint(0, MOST), chance.randint(0, MOST), chance.randint(0, MOST)) for _ in range(count)]


@pytest.fixture
def applied(database: Any) -> Callable[[str], None]:
    """Applies one migration by its name."""
    by_name = {one.name: one.statements for one in read_migrations(MIGRATIONS)}

    def apply(name: str) -> None:
        with psycopg.connect(database.dsn) as connection:
            connection.execute("set search_path to storage")
            connection.execute(by_name[name].encode())

    return apply


def test_sql_reads_what_is_packed(database: Any, applied: Callable[[str], None], make_recording: MakeRecording) -> None:
    applied("index")
    applied("size_and_search")
    for numbers in shapes():
        one = with_fragments(make_recording("hk1.one"), numbers)
        query = "select storage.fragment_list(%s, %s, %s)"
        wanted = [[part.start, part.duration, part.offset, part.length] for part in one.fragments]
        assert database.rows(query, one.start, one.init_length, pack(one)) == [(wanted,)]


def before(one: Recording) -> bytes:
    """The list as it was: 44 bytes a fragment, the digest among them."""
    return b"".join(
        struct.pack(">III32s", part.start - one.start, part.duration, part.length, bytes.fromhex(part.sha256))
        for part in one.fragments
    )


def test_rows_from_before_are_packed_anew_and_keep_their_digests(
    database: Any, applied: Callable[[str], None], make_recording: MakeRecording
) -> None:
    applied("index")
    recordings = [with_fragments(make_recording(f"hk1.c{at}"), numbers) for at, numbers in enumerate(shapes())]
    insert_before(database, recordings)
    applied("size_and_search")
    view = (
        "select fragments, fragments_end, size, trailer, digests_sha256 from storage.recordings_v1 order by camera_id"
    )
    packed = "select fragments from storage.recordings order by camera_id"
    for one, row, (list_,) in zip(recordings, database.rows(view), database.rows(packed), strict=True):
        fragments, end, size, box, digest = row
        assert list_ == pack(one)
        assert fragments == [[part.start, part.duration, part.offset, part.length] for part in one.fragments]
        assert end == size
        assert digests_of(box) == [part.sha256 for part in one.fragments]
        assert digest == hashlib.sha256(trailer(part.sha256 for part in one.fragments)).hexdigest()


def insert_before(database: Any, recordings: list[Recording]) -> None:
    """Write rows as the release before did; their objects have no trailer."""
    with psycopg.connect(database.dsn) as connection:
        connection.execute("set search_path to storage")
        connection.execute(f"create table day partition of recordings for values from (0) to ({2**62})".encode())
        columns = RECORDINGS.columns[: RECORDINGS.columns.index("origin")]
        insert = sql.SQL("insert into recordings ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(sql.Placeholder() * len(columns))
        )
        for one in recordings:
            row = dict(zip(columns, recording_row(one), strict=False))
            row["fragments"] = before(one)
            row["size"] = one.size - trailer_length(len(one.fragments))
            connection.execute(insert, list(row.values()))
