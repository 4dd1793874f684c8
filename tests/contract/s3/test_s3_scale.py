"""100,000 keys under one prefix: a day of seventy cameras has as many recordings."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from vantage.objects import S3ObjectStore, Version

COUNT = 100_000
THREADS = 16
BATCH = 1_000


@pytest.fixture
def measured(note: Callable[[str], None]) -> Callable[[str], Any]:
    @contextmanager
    def measure(what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        note(f"{what}: {COUNT / (time.monotonic() - start):,.0f} a second")

    return measure


@pytest.mark.slow
class TestManyKeys:
    def test_100_000_in_a_prefix_are_listed_in_order_and_erased_to_nothing(
        self, store: S3ObjectStore, bucket: str, measured: Callable[[str], Any]
    ) -> None:
        wanted = [f"day/{number:06}" for number in range(COUNT)]
        with measured("objects of one byte put by 16 threads"), ThreadPoolExecutor(THREADS) as pool:
            for first in range(0, COUNT, BATCH):
                list(pool.map(lambda key: store.put(bucket, key, b"x"), wanted[first : first + BATCH]))
        store.put(bucket, "next/0", b"stays")

        with measured("keys listed"):
            assert [one.key for one in store.list(bucket, "day/")] == wanted
        middle = wanted[COUNT // 2]
        assert [one.key for one in store.list(bucket, "day/", start_after=middle)] == wanted[COUNT // 2 + 1 :]
        assert list(store.folders(bucket)) == ["day/", "next/"]

        with measured("versions listed and erased by one thread"):
            versions = (Version(one.key, one.version) for one in store.versions(bucket, "day/"))
            while batch := list(itertools.islice(versions, BATCH)):
                assert store.erase_many(bucket, batch) == []
        assert list(store.versions(bucket, "day/")) == []
        assert [one.key for one in store.list(bucket)] == ["next/0"]
