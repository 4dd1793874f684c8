"""How fast a day of recordings goes when it is due: by the chore that does it, rows, objects and receipt.

A day of 2,000 cameras is 2,880,000 objects; a few thousand of 1 kB stand for it, since a deletion does not depend on an
object's size. The reference is minio-py's own bulk delete of as many objects by as many threads in the same run: no
row, no mark, no receipt, and nothing to resume from.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from minio.deleteobjects import DeleteObject
from psycopg import Connection

from vantage.clock import ManualClock
from vantage.contracts import Recording
from vantage.objects import S3ObjectStore
from vantage.postgres import connect_pool
from vantage.publish import Publisher
from vantage.service import Running
from vantage_bench.report import Figure
from vantage_bench.storage_rows import BEGIN_US, CAMERAS, minutes
from vantage_stack.stack import Stack
from vantage_storage.adapters.days import Days
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import DAY_US, day_of
from vantage_storage.erasure import Erasure
from vantage_storage.parts import Parts
from vantage_storage.service import NAME
from vantage_storage.settings import StorageSettings

MINUTES = 5
OBJECTS = CAMERAS * MINUTES
_A_DAY = CAMERAS * 1440
_CONTENT = bytes(1000)
_PUTS, _DELETES = 8, 4
_PAGE = 1000
_DUE_US = 32 * DAY_US + DAY_US // 24
_BARE = "bench-bare"
_GOAL_H = 24.0


def measure(stack: Stack) -> dict[str, Figure]:
    """Empty the index, record the objects, let the erasure do a round on them when they are due."""
    store = stack.store.access.open()
    named: dict[str, Any] = {
        name.removeprefix("VANTAGE_").lower(): value for name, value in stack.environment().items()
    }
    settings = StorageSettings(**{**named, "kafka_bootstrap": "127.0.0.1:9", "postgres_dsn": stack.postgres.dsns[NAME]})
    dsn = settings.postgres_dsn.get_secret_value()
    with connect_pool(dsn, application="bench-storage", max_size=8) as pool:
        publisher, clock = Publisher.from_settings(settings, NAME), ManualClock(BEGIN_US + _DUE_US)
        parts = Parts(settings, Running(Event()), clock, store, publisher, pool, dsn)
        with pool.connection() as connection:
            connection.execute("truncate storage.recordings, storage.tracks")
        Days(pool).drop_empty(Days(pool).there())
        keys = _record(PostgresIndex(pool, dsn), store)
        began = time.perf_counter()
        Erasure(parts).round()
        ours = OBJECTS / (time.perf_counter() - began)
        with pool.connection() as connection:
            _check(connection, store)
    _put(store, _BARE, keys)
    bare = OBJECTS / _bare(store, keys)
    return {
        "erased, objects": Figure(value=OBJECTS, unit="objects"),
        "erased, objects, of a day of 2,000 cameras": Figure(value=OBJECTS / _A_DAY * 100, unit="%"),
        "erased, objects a second": Figure(value=ours, unit="1/s", better="higher"),
        "bare bulk delete, objects a second": Figure(value=bare, unit="1/s", better="higher"),
        "erased, of the bare bulk delete": Figure(value=ours / bare, unit="", better="higher"),
        "a day of 2,000 cameras, at this rate": Figure(value=_A_DAY / ours / 3600, unit="h", goal=_GOAL_H),
    }


def _record(index: PostgresIndex, store: S3ObjectStore) -> Sequence[str]:
    """Index the minutes and put an object for each; their keys."""
    index.make_days([day_of(BEGIN_US)])
    recordings: list[Recording] = []
    for batch in minutes(0, MINUTES):
        index.write(batch, [], {})
        recordings += batch
    keys = [one.object for one in recordings]
    _put(store, recordings[0].bucket, keys)
    return keys


def _put(store: S3ObjectStore, bucket: str, keys: Iterable[str]) -> None:
    store.ensure_bucket(bucket)
    with ThreadPoolExecutor(_PUTS) as threads:
        list(threads.map(lambda key: store.put(bucket, key, _CONTENT), keys))


def _bare(store: S3ObjectStore, keys: Sequence[str]) -> float:
    """Seconds that minio-py takes."""

    def delete(page: Sequence[str]) -> None:
        if errors := list(store.client.remove_objects(_BARE, map(DeleteObject, page))):
            msg = f"the store did not delete {len(errors)} objects, first {errors[0]}"
            raise RuntimeError(msg)

    began = time.perf_counter()
    with ThreadPoolExecutor(_DELETES) as threads:
        list(threads.map(delete, [keys[at : at + _PAGE] for at in range(0, len(keys), _PAGE)]))
    return time.perf_counter() - began


def _check(connection: Connection[Any], store: S3ObjectStore) -> None:
    """Raise unless rows and objects are gone and accounted for: else the figure would be of something else."""
    rows = connection.execute("select count(*) from storage.recordings").fetchone()
    told = connection.execute("select count(*) from storage.receipts").fetchone()
    left = next(iter(store.list("footage")), None)
    if rows != (0,) or left is not None or told == (0,):
        msg = f"the round left {rows} rows, {left or 'no object'} and {told} receipts"
        raise RuntimeError(msg)
