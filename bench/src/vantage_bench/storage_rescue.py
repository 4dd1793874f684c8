"""How fast a lost node's minutes come back from `live`: fragments read, proved, and put together as recordings.

Run it as `python -m vantage_bench.storage_rescue`. The reference is the bare reading of the same byte ranges, by as
many threads and in the same run.
"""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from secrets import token_hex

from pydantic import SecretStr

from vantage.clock import ManualClock
from vantage.contracts import CameraStatus, Fragment
from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage.ids import fragment_id
from vantage.objects import ObjectStore
from vantage.postgres import connect_pool, migrate
from vantage.publish import Publisher
from vantage.service import Running, start_logging
from vantage_bench.report import Figure, report
from vantage_bench.rig import say
from vantage_bench.storage_rows import camera
from vantage_stack.stack import Stack
from vantage_storage.history import History
from vantage_storage.parts import Parts
from vantage_storage.rescue import Rescue
from vantage_storage.service import MIGRATIONS, SCHEMA
from vantage_storage.settings import StorageSettings

CAMERAS = 20
SECONDS = 60
BYTES = 125_000
"""About 1 Mbit/s."""
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_INIT = b"i" * 741
_THREADS = 8
_GOAL = 5.0
"""Camera-minutes a second: five minutes of 600 cameras in a lost spool, in the ten that `live` has them then."""


def main() -> None:
    """Run it and print the figures."""
    start_logging("bench", "error")
    with Stack("bench-rescue") as stack:
        stack.require("kafka", "store", "postgres")
        dsn, store = stack.postgres.dsns["storage"], stack.store.access.open()
        migrate(dsn, SCHEMA, MIGRATIONS)
        settings = _settings(stack, dsn)
        publisher = Publisher.from_settings(settings, "bench")
        say(f"showing {SECONDS} s of {CAMERAS} cameras")
        now = time.time_ns() // 1000
        fragments = list(_show(store, now // _MINUTE_US * _MINUTE_US - _MINUTE_US))
        for one in fragments:
            publisher.publish("fragments.v1", one)
        for number in range(CAMERAS):
            for epoch in (1, 2):
                publisher.publish("camera-status.v1", _status(camera(number), epoch, now))
        publisher.flush()
        say("rebuilding them")
        with connect_pool(dsn, application="bench-rescue") as pool:
            clock = ManualClock(now + 5 * _MINUTE_US)
            parts = Parts(settings, Running(), clock, store, publisher, pool, dsn)
            rescue = Rescue(parts, History(parts))
            began = time.perf_counter()
            rescue.work()
            took = time.perf_counter() - began
            built = pool.getconn().execute("select count(*) from storage.rescues").fetchone()
        bare = _bare(store, fragments)
    assert built == (CAMERAS,), built  # noqa: S101
    minutes = CAMERAS * SECONDS / 60
    report(
        "the rescue",
        {
            "rebuilt, camera-minutes a second": Figure(value=minutes / took, unit="1/s", goal=_GOAL, better="higher"),
            "ranges read bare, camera-minutes a second": Figure(value=minutes / bare, unit="1/s", better="higher"),
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


def _show(store: ObjectStore, start: int) -> Iterator[Fragment]:
    """A pack a second with all cameras' fragments."""
    store.ensure_bucket("live")
    store.ensure_bucket("footage")
    for second in range(SECONDS):
        parts = [Random(second * CAMERAS + number).randbytes(BYTES) for number in range(CAMERAS)]  # noqa: S311
        key = f"hk1/0/20260101/0000/{second}.pack"
        store.put("live", key, b"".join(_INIT + part for part in parts))
        for number, part in enumerate(parts):
            yield _fragment(camera(number), start + second * _SECOND_US, key, number * (len(_INIT) + BYTES), part)


def _fragment(camera_id: str, start: int, pack: str, offset: int, data: bytes) -> Fragment:
    return Fragment(
        fragment_id=fragment_id(camera_id, 1, start),
        camera_id=camera_id,
        epoch=1,
        sequence=start // _SECOND_US,
        start=start,
        duration=_SECOND_US,
        clock=Clock(quality="ntp"),
        picture=Picture(codec="avc1.640028", width=1920, height=1080),
        bucket="live",
        pack=pack,
        offset=offset,
        length=len(_INIT) + len(data),
        init_length=len(_INIT),
        sha256=hashlib.sha256(data).hexdigest(),
        frames=[Frame(number * 40_000, 5_000, keyframe=not number) for number in range(25)],
    )


def _status(camera_id: str, epoch: int, at: int) -> CameraStatus:
    return CameraStatus(
        camera_id=camera_id, state="online", since=at, observed_at=at + epoch, source="ingest", epoch=epoch
    )


def _bare(store: ObjectStore, fragments: list[Fragment]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda one: store.get(one.bucket, one.pack, one.offset, one.length), fragments):
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
