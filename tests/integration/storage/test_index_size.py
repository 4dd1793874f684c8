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
from vantage.postgres import connect_pool, migrate
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import day_of
from vantage_storage.service import MIGRATIONS, SCHEMA

MINUTES = 2000
MOST_BYTES = 3500


def minute(template: Recording, number: int) -> Recording:
    """A minute of 60 fragments of about 1 Mbit/s, with digests that do not compress."""
    lengths = random.Random(number).sample(range(90_000, 160_000), 60)  # noqa: S311
    begins = [template.init_length + sum(lengths[:at]) for at in range(61)]
    digests = [hashlib.sha256(f"{number} {at}".encode()).hexdigest() for at in range(61)]
    fragments = [
        FragmentRange(template.start + at * 1_000_000, 1_000_000, begins[at], length, digests[at])
        for at, length in enumerate(lengths)
    ]
    end = template.start + 60_000_000
    return replace(template, fragments=fragments, size=begins[-1], sha256=digests[-1], end=end)


@pytest.fixture
def minutes(make_recording: Callable[..., Recording]) -> list[Recording]:
    names = [f"hk1.queens-road-{number}" for number in range(MINUTES)]
    return [minute(make_recording(name), number) for number, name in enumerate(names)]


@pytest.fixture
def index(database: Any) -> Iterator[PostgresIndex]:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    with connect_pool(database.dsn, application="test-storage-size") as pool:
        yield PostgresIndex(pool, database.dsn)


def size_of(database: Any, table: str) -> float:
    """Bytes a row, TOAST and indexes included."""
    return float(database.rows("select pg_total_relation_size(%s)", table)[0][0]) / MINUTES


def test_a_camera_minute_stays_small(
    index: PostgresIndex, database: Any, minutes: list[Recording], capsys: pytest.CaptureFixture[str]
) -> None:
    index.make_days({day_of(one.start) for one in minutes})
    index.write(minutes, [], {})
    day = "storage.recordings_20260921"
    whole = size_of(database, day)
    database.execute("create table as_json (fragments jsonb); alter table as_json alter fragments set compression pglz")
    with psycopg.connect(database.admin_dsn) as connection, connection.cursor().copy("copy as_json from stdin") as copy:
        for one in minutes:
            copy.write_row([json.dumps(json.loads(encode(one))["fragments"])])
    as_json = size_of(database, "as_json")
    with capsys.disabled():
        print(  # noqa: T201
            f"\nindex, bytes a camera-minute of 60 fragments: {whole:.0f}, of which digests of fragments 1920; "
            f"the fragments alone as jsonb would be {as_json:.0f}; the message is {len(encode(minutes[0]))}"
        )
    assert whole < MOST_BYTES < as_json
