"""How long a search takes over 31 days of 2,000 cameras, as a reader asks: through the views alone.

All cameras and all days are there. `DENSE` of the cameras, those that are searched most, have every minute and five
tracks in each, so that a search finds as much as it would; the others have a few rows a day, for a cell's whole month
does not fit a bench. The figures say the rows, and which part of the month's that is. Caches are warm.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from vantage.postgres import connect_pool
from vantage_bench.report import Figure, percentile
from vantage_bench.storage_rows import BEGIN_US, CAMERAS, camera
from vantage_storage.adapters.days import Days
from vantage_storage.domain.day import DAY_US, day_of

DAYS = 31
DENSE = 10
_SPARSE_RECORDINGS, _SPARSE_TRACKS = 4, 10
_TRACKS_A_MINUTE = 5
_HOUR_US = 3_600_000_000
_LABELS = ("person", "bicycle", "truck", None)
"""What half of the tracks are, what a tenth are, what none is, and whatever there is."""
_SEARCHES = 100
_ALL, _BY_LABEL = "storage.tracks", "storage.tracks_by_label"
_GOAL_S = 1.0

_FILL_RECORDINGS = """
    insert into storage.recordings (camera_id, start_us, epoch, end_us, recording_id, clock, codec, width, height,
        bucket, object, size, sha256, init_length, fragments, retention_class, digests_sha256)
    select name, start, 1790000000000, start + 60000000, 'rec_' || md5(name || start), clock, codec, width,
        height, bucket, replace(name, '.', '/') || '/' || %(day)s || '/rec_' || md5(name || start) || '.mp4', size,
        sha256((name || start)::bytea), init_length, fragments, retention_class, sha256((start || name)::bytea)
    from generate_series(%(first)s::int, %(last)s::int) as camera
    cross join generate_series(0, %(count)s::int - 1) as number
    cross join lateral (
        select 'hk1.queens-road-' || lpad(camera::text, 4, '0') as name,
               %(day)s::bigint * 86400000000 + number * (86400000000 / %(count)s::int) as start
    ) as place
    join model on slot = (camera * 7 + number) %% 500
"""
_FILL_TRACKS = """
    insert into storage.tracks (camera_id, start_us, track_id, epoch, number, label, score, end_us, observations, path,
        ended, detector, version, model_digest)
    select name, start, 'trk_' || md5(name || start), 1790000000000, number + 1,
        (array['person', 'person', 'person', 'person', 'person', 'car', 'car', 'bus', 'bicycle', 'dog'])
            [1 + (hashint4(number + camera * 7) & 2147483647) %% 10],
        180, start + 4200000, 21,
        '[[0,9000,20000,15000,40000],[2000000,30000,20500,36000,40500],[4200000,52000,21000,58000,41000]]', 'lost',
        'nanodet', '1.0.0', sha256('model')
    from generate_series(%(first)s::int, %(last)s::int) as camera
    cross join generate_series(0, %(count)s::int - 1) as number
    cross join lateral (
        select 'hk1.queens-road-' || lpad(camera::text, 4, '0') as name,
               %(day)s::bigint * 86400000000 + number * (86400000000 / %(count)s::int) + camera * 37 as start
    ) as place
"""
_RECORDINGS = """
    select epoch, start_us, end_us, codec, width, height, fragments, gap_before ->> 'cause' from storage.recordings_v1
    where camera_id = %s and start_us >= %s and start_us < %s order by start_us, epoch
"""
_LIST = """
    select recording_id, camera_id, start_us, end_us, object, size from storage.recordings_v1
    where camera_id = any(%s) and start_us >= %s and start_us < %s order by start_us desc limit 1000
"""
_TRACKS = "select * from storage.find_tracks_v1(%s::text[], %s::text, %s, %s, 100)"


def measure(dsn: str, reader_dsn: str, admin_dsn: str) -> dict[str, Figure]:
    """Fill the month before the recordings that are there already, which are its models, and search it."""
    first = day_of(BEGIN_US) - DAYS
    recordings, tracks = _fill(dsn, admin_dsn, range(first, first + DAYS))
    month = CAMERAS * DAYS * 1440
    figures = {
        "searched, recordings": Figure(value=recordings, unit="rows"),
        "searched, recordings, of a month of 2,000 cameras": Figure(value=recordings / month * 100, unit="%"),
        "searched, tracks": Figure(value=tracks, unit="rows"),
        "searched, tracks, of a month of 2,000 cameras": Figure(
            value=tracks / month / _TRACKS_A_MINUTE * 100, unit="%"
        ),
        "index, bytes a track": Figure(value=_bytes_a_track(admin_dsn, _ALL), unit="B"),
        "index, bytes a track, of the index by label": Figure(value=_bytes_a_track(admin_dsn, _BY_LABEL), unit="B"),
    }
    with psycopg.connect(reader_dsn, autocommit=True) as reader:
        return figures | _search(reader, first * DAY_US)


def _fill(dsn: str, admin_dsn: str, days: Sequence[int]) -> tuple[int, int]:
    with connect_pool(dsn, application="bench-storage") as pool:
        Days(pool).make(days)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "create temporary table model as select row_number() over () - 1 as slot, * from"
            " (select * from storage.recordings limit 500) as recorded; analyze model"
        )
        counts = [0, 0]
        kinds = (_FILL_RECORDINGS, 1440, _SPARSE_RECORDINGS), (_FILL_TRACKS, 1440 * _TRACKS_A_MINUTE, _SPARSE_TRACKS)
        for at, (statement, dense, sparse) in enumerate(kinds):
            for day in days:
                for low, high, count in ((0, DENSE - 1, dense), (DENSE, CAMERAS - 1, sparse)):
                    named = {"day": day, "first": low, "last": high, "count": count}
                    counts[at] += connection.execute(statement.encode(), named).rowcount
    with psycopg.connect(admin_dsn, autocommit=True) as administrator:
        administrator.execute("vacuum analyze storage.recordings, storage.tracks")
    return counts[0], counts[1]


def _bytes_a_track(admin_dsn: str, parent: str) -> float:
    """Bytes of the days' tables or indexes under a parent, a row."""
    query = (
        "select sum(pg_total_relation_size(inhrelid)) / (select count(*) from storage.tracks)"
        " from pg_inherits where inhparent = %s::regclass"
    )
    with psycopg.connect(admin_dsn) as connection:
        row = connection.execute(query, [parent]).fetchone()
    return float(row[0]) if row else 0.0


def _search(reader: psycopg.Connection, begin_us: int) -> dict[str, Figure]:
    chance = random.Random(5)  # noqa: S311

    def window(length: int) -> tuple[int, int]:
        low = begin_us + chance.randrange(DAYS * DAY_US - length + 1)
        return low, low + length

    def dense(count: int) -> list[str]:
        return [camera(number) for number in chance.sample(range(DENSE), count)]

    everywhere = [camera(number) for number in range(CAMERAS)]
    kinds: dict[str, tuple[str, Callable[[], list[Any]]]] = {
        "recordings of a camera and hour, with fragments": (_RECORDINGS, lambda: [*dense(1), *window(_HOUR_US)]),
        "recordings of ten cameras and a day": (_LIST, lambda: [dense(10), *window(DAY_US)]),
    }
    for count, name in ((1, "a camera"), (10, "ten cameras"), (CAMERAS, "all cameras")):
        for length, span in ((_HOUR_US, "an hour"), (DAY_US, "a day"), (DAYS * DAY_US, "the month")):
            kinds[f"tracks of {name} and {span}"] = (
                _TRACKS,
                lambda count=count, length=length: [  # type: ignore[misc]
                    dense(count) if count <= DENSE else everywhere,
                    chance.choice(_LABELS),
                    *window(length),
                ],
            )
    return _times(reader, kinds)


def _times(reader: psycopg.Connection, kinds: dict[str, tuple[str, Callable[[], list[Any]]]]) -> dict[str, Figure]:
    figures, every = {}, list[float]()
    for name, (query, arguments) in kinds.items():
        times = []
        for _ in range(_SEARCHES):
            wanted = arguments()
            began = time.perf_counter()
            reader.execute(query.encode(), wanted).fetchall()
            times.append(time.perf_counter() - began)
        every += times
        figures[f"search, {name}, p95"] = Figure(value=percentile(times, 0.95), unit="s", goal=_GOAL_S)
    return {"search, all kinds alike, p95": Figure(value=percentile(every, 0.95), unit="s", goal=_GOAL_S), **figures}
