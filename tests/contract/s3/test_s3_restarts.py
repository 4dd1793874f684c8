"""A store that is killed and started again has every object that it has acknowledged, whole."""

import hashlib
import threading
import time
from typing import Any

from tests.contract.s3.buckets import Buckets
from vantage.errors import ObjectMissing, VantageError
from vantage.objects import S3ObjectStore, Version

THREADS = 6
SIZE = 120_000
BEFORE_THE_KILL = 60
DEADLINE_S = 120


def content(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest() * (SIZE // 32)


class Writer(threading.Thread):
    """Puts one object after another until it is told to stop; knows which were acknowledged and which were tried."""

    def __init__(self, store: S3ObjectStore, bucket: str, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._store, self._bucket = store, bucket
        self.stopped = threading.Event()
        self.tried: list[str] = []
        self.acknowledged: list[str] = []

    def run(self) -> None:
        while not self.stopped.is_set():
            self.tried.append(key := f"{self.name}/{len(self.tried):06}")
            try:
                self._store.put(self._bucket, key, content(key))
            except VantageError:
                self.stopped.wait(0.1)
            else:
                self.acknowledged.append(key)


class TestRestarts:
    def test_a_store_killed_during_puts_has_every_acknowledged_object_whole(
        self, restartable: Any, store: S3ObjectStore, bucket: str
    ) -> None:
        writers = [Writer(store, bucket, f"writer-{number}") for number in range(THREADS)]
        for writer in writers:
            writer.start()
        self.wait(writers, BEFORE_THE_KILL)
        with restartable.away("store"):
            pass
        self.wait(writers, sum(len(writer.acknowledged) for writer in writers) + BEFORE_THE_KILL)
        for writer in writers:
            writer.stopped.set()
            writer.join()

        for key in (key for writer in writers for key in writer.acknowledged):
            assert store.get(bucket, key) == content(key), f"{key} was acknowledged"
        listed = {one.key for one in store.list(bucket)}
        assert listed >= {key for writer in writers for key in writer.acknowledged}
        for key in (key for writer in writers for key in set(writer.tried) - set(writer.acknowledged)):
            assert self.is_whole_or_missing(store, bucket, key), f"{key} is there in part"

    @staticmethod
    def wait(writers: list[Writer], count: int) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while sum(len(writer.acknowledged) for writer in writers) < count:
            assert time.monotonic() < deadline, "the store takes no objects"
            time.sleep(0.02)

    @staticmethod
    def is_whole_or_missing(store: S3ObjectStore, bucket: str, key: str) -> bool:
        try:
            return store.get(bucket, key) == content(key)
        except ObjectMissing:
            return True

    def test_versions_marks_and_locks_are_there_after_a_restart(
        self, restartable: Any, store: S3ObjectStore, buckets: Buckets
    ) -> None:
        bucket = buckets.make(lock=True)
        until_us = time.time_ns() // 1000 + 600_000_000
        version = store.put(bucket, "key", b"evidence", lock_until_us=until_us).version or ""
        store.put(bucket, "key", b"newer")
        store.delete(bucket, "key")
        before = list(store.versions(bucket))
        with restartable.away("store"):
            pass
        assert list(store.versions(bucket)) == before
        assert store.get(bucket, "key", version=version) == b"evidence"
        assert (store.locked_until(bucket, "key", version) or 0) >= until_us
        assert store.erase_many(bucket, [Version("key", version)]) == [Version("key", version)]
