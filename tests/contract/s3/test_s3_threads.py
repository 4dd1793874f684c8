"""Many at once: an object is one put's or another's, whole, and never a mixture."""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from vantage.objects import S3ObjectStore, Version

THREADS = 16
SIZE = 300_000


def at_once(work: Callable[[int], object]) -> Sequence[object]:
    """What each thread's work came to; all of them begin together."""
    start = threading.Barrier(THREADS)

    def one(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def content(number: int) -> bytes:
    return bytes([number]) * SIZE


class TestConcurrency:
    def test_of_16_puts_of_one_key_one_is_there_whole(self, store: S3ObjectStore, bucket: str) -> None:
        for turn in range(5):
            at_once(lambda number, key=f"key/{turn}": store.put(bucket, key, content(number)))  # type: ignore[misc]
            assert store.get(bucket, f"key/{turn}") in {content(number) for number in range(THREADS)}
        assert len(list(store.versions(bucket))) == 5

    def test_of_16_puts_of_one_key_each_version_is_kept(self, store: S3ObjectStore, versioned: str) -> None:
        written = at_once(lambda number: store.put(versioned, "key", content(number)).version)
        assert {one.version for one in store.versions(versioned)} == set(written)
        assert len(set(written)) == THREADS
        for number, version in enumerate(written):
            assert store.get(versioned, "key", version=str(version)) == content(number)
        assert store.get(versioned, "key") in {content(number) for number in range(THREADS)}

    def test_a_get_beside_puts_is_of_one_of_them(self, store: S3ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", content(0))
        whole = {hashlib.sha256(content(number)).digest() for number in range(THREADS)}

        def work(number: int) -> bool:
            if number % 2:
                store.put(bucket, "key", content(number))
                return True
            return all(hashlib.sha256(store.get(bucket, "key")).digest() in whole for _ in range(5))

        assert all(at_once(work))

    def test_each_of_many_keys_is_listed_by_all_when_its_put_has_ended(self, store: S3ObjectStore, bucket: str) -> None:
        def work(number: int) -> bool:
            seen = True
            for turn in range(5):
                store.put(bucket, f"{number:02}/{turn}", os.urandom(1000))
                seen = seen and any(one.key == f"{number:02}/{turn}" for one in store.list(bucket))
            return seen

        assert all(at_once(work))

    def test_deletes_of_one_key_beside_each_other_are_no_error(self, store: S3ObjectStore, versioned: str) -> None:
        version = store.put(versioned, "key", b"x").version
        at_once(lambda _number: store.erase_many(versioned, [Version("key", version)]))
        assert list(store.versions(versioned)) == []
