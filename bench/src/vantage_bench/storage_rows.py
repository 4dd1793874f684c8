"""Recordings as a cell of cameras announces them, and what it costs to index them.

A minute is 60 fragments of about a second and about 1 Mbit/s: durations and lengths vary as a camera's do, and digests
do not compress. The reference is the same rows by a bare COPY into a table without an index, in the same batches and
the same run, in turns: what PostgreSQL takes where nothing has to be unique, found, or known to be there.
"""

import random
import time
from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

from vantage.contracts import Recording
from vantage.contracts.base import Clock, Picture
from vantage.contracts.recording import FragmentRange
from vantage.fragment_digests import trailer_length
from vantage.ids import recording_id
from vantage.postgres import connect_pool
from vantage_bench.report import Figure
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.adapters.rows import RECORDINGS, recording_row
from vantage_storage.domain.day import bounds_us, compact, day_of

CAMERAS = 2000
MINUTES = 10
BEGIN_US = 1_790_035_200_000_000
"""2026-09-22, midnight UTC."""
_BATCH = 500
_EPOCH = 1_790_000_000_000
_INIT = 741
_MINUTE_US = 60_000_000
_GOAL_BYTES = 1024


def camera(number: int) -> str:
    """The id of a camera of the bench."""
    return f"hk1.queens-road-{number:04}"


def minutes(first: int, count: int) -> Iterator[list[Recording]]:
    """Batches of the recordings of all cameras, minute after minute, as they are announced."""
    batch = []
    for number in range(first * CAMERAS, (first + count) * CAMERAS):
        batch.append(_minute(number % CAMERAS, number // CAMERAS))
        if len(batch) == _BATCH:
            yield batch
            batch = []


def measure(dsn: str, admin_dsn: str) -> dict[str, Figure]:
    """Index the minutes, and copy them bare. Leaves the day's rows."""
    ours = bare = 0.0
    with connect_pool(dsn, application="bench-storage") as pool, psycopg.connect(dsn) as reference:
        index = PostgresIndex(pool, dsn)
        index.make_days([day_of(BEGIN_US)])
        reference.execute("create table storage.bare (like storage.recordings including defaults)")
        reference.commit()
        for batch in minutes(0, MINUTES):
            began = time.perf_counter()
            index.write(batch, [], {("recordings.v1", 0): 1})
            between = time.perf_counter()
            _copy(reference, batch)
            ours, bare = ours + between - began, bare + time.perf_counter() - between
        reference.execute("drop table storage.bare")
    rows = CAMERAS * MINUTES
    return {
        "index, bytes a camera-minute": Figure(value=_size(admin_dsn) / rows, unit="B", goal=_GOAL_BYTES),
        "indexed, recordings a second": Figure(value=rows / ours, unit="1/s", better="higher"),
        "bare COPY, recordings a second": Figure(value=rows / bare, unit="1/s", better="higher"),
        "indexed, of the bare COPY": Figure(value=bare / ours, unit="", better="higher"),
    }


def _minute(number: int, minute: int) -> Recording:
    chance = random.Random(minute * CAMERAS + number)  # noqa: S311
    start = BEGIN_US + minute * _MINUTE_US + number * 17_000
    offset, at, fragments = _INIT, start, []
    for _ in range(60):
        length, duration = chance.randint(90_000, 160_000), chance.randint(960_000, 1_040_000)
        fragments.append(FragmentRange(at, duration, offset, length, f"{chance.getrandbits(256):064x}"))
        offset, at = offset + length, at + duration
    made = recording_id(camera(number), start, _EPOCH)
    day = compact(day_of(start))
    return Recording(
        recording_id=made,
        camera_id=camera(number),
        epoch=_EPOCH,
        start=start,
        end=at,
        clock=Clock(quality="ntp", offset_us=-1200, uncertainty_us=5000),
        picture=Picture(codec="avc1.640028", width=1920, height=1080),
        bucket="footage",
        object=f"{camera(number).replace('.', '/')}/{day}/{made}.mp4",
        size=offset + trailer_length(60),
        sha256=f"{chance.getrandbits(256):064x}",
        init_length=_INIT,
        fragments=fragments,
    )


def _copy(connection: psycopg.Connection, batch: Sequence[Recording]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, RECORDINGS.columns))
    statement = sql.SQL("copy storage.bare ({}) from stdin").format(columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for one in batch:
            copy.write_row(recording_row(one))
    connection.commit()


def _size(admin_dsn: str) -> float:
    """Bytes of the day's table, TOAST and indexes included."""
    table = f"storage.recordings_{compact(day_of(bounds_us(day_of(BEGIN_US))[0]))}"
    with psycopg.connect(admin_dsn) as connection:
        row = connection.execute("select pg_total_relation_size(%s)", [table]).fetchone()
    return float(row[0]) if row else 0.0
