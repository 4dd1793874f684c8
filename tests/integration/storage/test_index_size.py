"""What a camera-minute costs in the index. `pytest -s` prints the figures that docs/design/storage.md states."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from vantage.contracts import Recording, encode
from vantage.contracts.recording import FragmentRange
from vantage.fragment_digests import trailer_length
from vantage.postgres import connect_pool, migrate
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import day_of
from vantage_storage.service import MIGRATIONS, SCHEMA

CAMERAS, MINUTES = 100, 40
ROWS = CAMERAS * MINUTES
MOST_BYTES = 1024


def minute(template: Recording, number: int) -> Recording:
    """A minute of 60 fragments of about 1 Mbit/s and about a second, with digests that do not compress."""
    chance = random.Random(number)  # noqa: S311
    offset, start, fragments = template.init_length, template.start, []
    for at in range(60):
        length, duration = chance.randint(90_000, 160_000), chance.randint(960_000, 1_040_000)
        digest = hashlib.sha256(f"{number} {at}".encode()).hexdigest()
        fragments.append(FragmentRange(start, duration, offset, length, digest))
        offset, start = offset + length, start + duration
    whole = hashlib.sha256(f"{number}".encode()).hexdigest()
    return replace(template, fragments=fragments, size=offset + trailer_length(60), sha256=whole, end=start)


@pytest.fixture
def minutes(make_recording: Callable[..., Recording]) -> list[Recording]:
    """In the order in which they are announced: each camera's first minute, then each one's second."""
    start = make_recording("hk1.one").start
    return [
        minute(
            make_recording(f"hk1.queens-road-{number % CAMERAS}", start=start + number // CAMERAS * 60_000_000), number
        )
        for number in range(ROWS)
    ]


@pytest.fixture
def index(database: Any) -> Iterator[PostgresIndex]:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    with connect_pool(database.dsn, application="test-storage-size") as pool:
        yield PostgresIndex(pool, database.dsn)


def size_of(database: Any, table: str) -> float:
    """Bytes a row, TOAST and indexes included."""
    return float(database.rows("select pg_total_relation_size(%s)", table)[0][0]) / ROWS


def test_a_camera_minute_stays_small(
    index: PostgresIndex, database: Any, minutes: list[Recording], capsys: pytest.CaptureFixture[str]
) -> None:
    assert {day_of(one.start) for one in minutes} == set(index.make_days({day_of(minutes[0].start)}))
    for at in range(0, ROWS, 500):
        index.write(minutes[at : at + 500], [], {})
    day = "storage.recordings_20260921"
    whole = size_of(database, day)
    database.execute("create table as_json (fragments jsonb); alter table as_json alter fragments set compression pglz")
    with psycopg.connect(database.admin_dsn) as connection, connection.cursor().copy("copy as_json from stdin") as copy:
        for one in minutes:
            copy.write_row([json.dumps(json.loads(encode(one))["fragments"])])
    as_json = size_of(database, "as_json")
    with capsys.disabled():
        print(  # noqa: T201
            f"\nindex, bytes a camera-minute of 60 fragments: {whole:.0f}; their digests would be 1920 more; "
            f"the fragments alone as jsonb would be {as_json:.0f}; the message is {len(encode(minutes[0]))}"
        )
    assert whole < MOST_BYTES < as_json
