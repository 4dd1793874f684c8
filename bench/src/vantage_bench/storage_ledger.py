"""What the ledger of a cell costs: to count a day of all its cameras again, and what booking adds to a write.

Run it as `python -m vantage_bench.storage_ledger`. Each camera's day has as many gaps as one that loses its network
every hour. The reference of a write is the same index without the ledger's trigger, in turns in the same run.
"""

import time
from collections.abc import Iterator
from secrets import token_hex

import psycopg
from pydantic import SecretStr

from vantage.clock import ManualClock
from vantage.objects import S3ObjectStore
from vantage.postgres import connect_pool, migrate
from vantage.publish import Publisher
from vantage.service import Running, start_logging
from vantage_bench.report import Figure, report
from vantage_bench.rig import say
from vantage_bench.storage_rows import BEGIN_US, CAMERAS, camera, minutes
from vantage_stack.stack import Stack
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import DAY_US, day_of
from vantage_storage.history import History
from vantage_storage.ledger import Ledger
from vantage_storage.parts import Parts
from vantage_storage.service import MIGRATIONS, SCHEMA
from vantage_storage.settings import StorageSettings

GAPS = 24
MINUTES = 10
_DAY = day_of(BEGIN_US) + 1
_HOUR_US = 3_600_000_000
_GAP_US = 20_000_000
_ROUNDS = 3
_GOAL_S = 10.0  # of the minute in which the chore comes again


def main() -> None:
    """Run it and print the figures."""
    start_logging("bench")
    with Stack("bench-ledger") as stack:
        stack.require("postgres", "store", "kafka")
        dsn = stack.postgres.dsns["storage"]
        migrate(dsn, SCHEMA, MIGRATIONS)
        say(f"a day of {CAMERAS} cameras with {GAPS} gaps each")
        _fill(dsn)
        rounds = list(_rounds(dsn, _settings(stack, dsn), stack.store.access.open()))
        say(f"indexing {MINUTES} minutes with the ledger and without")
        with_ledger, without = _writes(dsn)
    report(
        "the ledger",
        {
            f"a day of {CAMERAS} cameras counted again": Figure(value=min(rounds), unit="s", goal=_GOAL_S),
            "indexed with the ledger, recordings a second": Figure(value=with_ledger, unit="1/s", better="higher"),
            "indexed without it, recordings a second": Figure(value=without, unit="1/s", better="higher"),
        },
    )


def _settings(stack: Stack, dsn: str) -> StorageSettings:
    access = stack.store.access
    return StorageSettings(
        kafka_bootstrap=stack.kafka.bootstrap,
        postgres_dsn=SecretStr(dsn),
        s3_endpoint=access.endpoint,
        s3_access_key=SecretStr(access.access_key),
        s3_secret_key=SecretStr(access.secret_key),
        s3_secure=access.secure,
        storage_api_token=SecretStr(token_hex(32)),
    )


def _fill(dsn: str) -> None:
    """States of all cameras, what is recorded of their day, and each gap's cause."""
    low = _DAY * DAY_US
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into storage.camera_states values (%s, %s, 1, 'recording', %s, 'standard')",
            [(camera(number), low, 1 << 52) for number in range(CAMERAS)],
        )
        spans = [f"[{low + at * _HOUR_US},{low + (at + 1) * _HOUR_US - _GAP_US})" for at in range(GAPS)]
        cursor.executemany(
            "insert into storage.ledger_recorded values (%s, %s, %s::int8multirange)",
            [(camera(number), _DAY, "{" + ",".join(spans) + "}") for number in range(CAMERAS)],
        )
        ends = [low + (at + 1) * _HOUR_US for at in range(GAPS)]
        cursor.executemany(
            "insert into storage.ledger_causes values (%s, %s, %s, 'announced', 'stream-stalled', '')",
            [(camera(number), end, end - _GAP_US) for number in range(CAMERAS) for end in ends],
        )


def _rounds(dsn: str, settings: StorageSettings, store: S3ObjectStore) -> Iterator[float]:
    """Rounds of the chore at the day's end, as each minute has one; the first writes the gaps."""
    clock = ManualClock((_DAY + 1) * DAY_US - 1_000_000)
    publisher = Publisher.from_settings(settings, "bench")
    with connect_pool(dsn, application="bench-ledger") as pool:
        parts = Parts(settings, Running(), clock, store, publisher, pool, dsn)
        ledger = Ledger(parts, History(parts))
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            ledger.work()
            yield time.perf_counter() - began


def _writes(dsn: str) -> tuple[float, float]:
    """Recordings a second into the index, with the ledger's trigger and without, batch by batch in turns."""
    spent = {True: 0.0, False: 0.0}
    counts = {True: 0, False: 0}
    with connect_pool(dsn, application="bench-ledger") as pool, psycopg.connect(dsn, autocommit=True) as switch:
        index = PostgresIndex(pool, dsn)
        index.make_days([day_of(BEGIN_US)])
        for number, batch in enumerate(minutes(0, MINUTES)):
            books = number % 2 == 0
            word = "enable" if books else "disable"
            switch.execute(f"alter table storage.recordings {word} trigger account_recordings".encode())
            began = time.perf_counter()
            index.write(batch, [], {("recordings.v1", 0): 1})
            spent[books] += time.perf_counter() - began
            counts[books] += len(batch)
    return counts[True] / spent[True], counts[False] / spent[False]


if __name__ == "__main__":
    main()
