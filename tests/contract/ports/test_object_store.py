"""One suite for every object store: the fake of unit tests behaves as the real one, or it proves nothing.

`make test-s3` runs it on the embedded store, `make test-s3 STORE=minio` on MinIO.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from vantage.errors import ContentMismatch, ContentUnreadable, ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects import UNCHECKED, FileBytes, ObjectStore

MEBIBYTE = 1024 * 1024
ODD_KEYS = [
    "plain",
    "a b/c d",
    "plus+equals=and&",
    "percent%20%zz",
    "quote'\"`",
    "colon:semi;comma,at@hash#question?",
    "brackets[]{}()<>|^~",
    "häuser/門/🎥",
    "dots...in.names/..hidden",
    "x" * 200 + "/" + "y" * 200,
    "t1/7/20261124/2113/1795555213000-1795555200000.pack",
]


def keys(found: Iterator[Any]) -> list[str]:
    return [one.key for one in found]


class TestWholeObjects:
    @pytest.mark.parametrize("size", [0, 1, 1000, 5 * MEBIBYTE, 8 * MEBIBYTE + 1])
    def test_what_was_put_is_got(self, store: ObjectStore, bucket: str, size: int) -> None:
        data = os.urandom(size)
        put = store.put(bucket, "a/b", data)
        assert store.get(bucket, "a/b") == data
        assert (put.key, put.size) == ("a/b", size)

    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_odd_keys_are_kept_as_they_are(self, store: ObjectStore, bucket: str, key: str) -> None:
        store.put(bucket, key, key.encode())
        assert store.get(bucket, key) == key.encode()
        assert store.stat(bucket, key).key == key
        assert keys(store.list(bucket)) == [key]
        store.delete_many(bucket, [key])
        assert keys(store.list(bucket)) == []

    def test_a_second_put_replaces_the_first(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"first")
        store.put(bucket, "key", b"2nd")
        assert store.get(bucket, "key") == b"2nd"
        assert store.stat(bucket, "key").size == 3

    @pytest.mark.parametrize("key", ["", ".", "a/../b", "./a"])
    def test_a_key_that_no_store_can_keep_is_refused(self, store: ObjectStore, bucket: str, key: str) -> None:
        with pytest.raises(StoreRefused):
            store.put(bucket, key, b"x")


class TestDigests:
    """What the upload of a recording rests on: the store itself finds what is not as it was hashed at capture."""

    @pytest.mark.parametrize("size", [1, 1000, 5 * MEBIBYTE, 8 * MEBIBYTE + 1])
    def test_bytes_that_are_not_those_of_the_digest_are_refused(
        self, store: ObjectStore, bucket: str, size: int
    ) -> None:
        data = os.urandom(size)
        other = data[:-1] + bytes([data[-1] ^ 1])
        with pytest.raises(ContentMismatch, match=f"{bucket}/key"):
            store.put(bucket, "key", other, sha256=hashlib.sha256(data).hexdigest())
        with pytest.raises(ObjectMissing):
            store.stat(bucket, "key")
        store.put(bucket, "key", data, sha256=hashlib.sha256(data).hexdigest())
        assert store.get(bucket, "key") == data

    def test_refused_bytes_leave_the_object_that_was_there(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"first")
        with pytest.raises(ContentMismatch):
            store.put(bucket, "key", b"other", sha256=hashlib.sha256(b"second").hexdigest())
        assert store.get(bucket, "key") == b"first"

    def test_unchecked_bytes_are_kept_as_they_are(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"whatever", sha256=UNCHECKED)
        assert store.get(bucket, "key") == b"whatever"


class TestFiles:
    @pytest.mark.parametrize("size", [0, 1, 1000, 9 * MEBIBYTE + 7])
    def test_the_beginning_of_a_file_is_put(self, store: ObjectStore, bucket: str, tmp_path: Path, size: int) -> None:
        data = os.urandom(size)
        (tmp_path / "file").write_bytes(data + b"more")
        put = store.put(bucket, "key", FileBytes(tmp_path / "file", size), sha256=hashlib.sha256(data).hexdigest())
        assert put.size == size
        assert store.get(bucket, "key") == data
        assert store.put(bucket, "again", FileBytes(tmp_path / "file", size)).etag == put.etag

    def test_what_follows_a_file_is_put_behind_it(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"beginning and more")
        content = FileBytes(tmp_path / "file", 9, b", end")
        store.put(bucket, "key", content, sha256=content.sha256())
        assert store.get(bucket, "key") == b"beginning, end"
        assert len(content) == 14

    def test_a_file_is_never_in_memory_as_a_whole(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(bytes(3 * MEBIBYTE))
        content = FileBytes(tmp_path / "file", 3 * MEBIBYTE - 1)
        sizes = [len(piece) for piece in content]
        assert sum(sizes) == len(content)
        assert max(sizes) <= MEBIBYTE / 4

    def test_a_file_that_is_not_as_it_was_hashed_is_refused(
        self, store: ObjectStore, bucket: str, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(b"damaged")
        with pytest.raises(ContentMismatch):
            store.put(bucket, "key", FileBytes(tmp_path / "file", 7), sha256=hashlib.sha256(b"as it was").hexdigest())

    @pytest.mark.parametrize("size", [11, 600_000])
    def test_a_file_that_is_gone_or_too_short_writes_nothing(
        self, store: ObjectStore, bucket: str, tmp_path: Path, size: int
    ) -> None:
        with pytest.raises(ContentUnreadable, match="nowhere"):
            store.put(bucket, "key", FileBytes(tmp_path / "nowhere", size), sha256=UNCHECKED)
        (tmp_path / "file").write_bytes(b"x" * (size - 1))
        with pytest.raises(ContentUnreadable, match="1 bytes shorter"):
            store.put(bucket, "key", FileBytes(tmp_path / "file", size), sha256=UNCHECKED)
        with pytest.raises(ObjectMissing):
            store.stat(bucket, "key")
        store.put(bucket, "key", b"the store goes on")


class TestRanges:
    @pytest.fixture
    def data(self, store: ObjectStore, bucket: str) -> bytes:
        data = os.urandom(10_000)
        store.put(bucket, "key", data)
        return data

    @pytest.mark.parametrize(("offset", "length"), [(0, 1), (0, 10_000), (17, 100), (9_999, 1), (5_000, 0), (0, 0)])
    def test_exactly_the_range_is_got(
        self, store: ObjectStore, bucket: str, data: bytes, offset: int, length: int
    ) -> None:
        assert store.get(bucket, "key", offset, length) == data[offset : offset + length]

    def test_without_a_length_the_rest_is_got(self, store: ObjectStore, bucket: str, data: bytes) -> None:
        assert store.get(bucket, "key", 9_000) == data[9_000:]

    @pytest.mark.parametrize(("offset", "length"), [(0, 10_001), (9_999, 2), (10_000, 1), (20_000, 5), (10_000, None)])
    def test_a_range_that_is_not_whole_there_is_missing(
        self, store: ObjectStore, bucket: str, data: bytes, offset: int, length: int | None
    ) -> None:
        with pytest.raises(ObjectMissing, match=f"{bucket}/key"):
            store.get(bucket, "key", offset, length)


class TestWhatIsKnown:
    def test_size_tag_and_time_of_an_object(self, store: ObjectStore, bucket: str) -> None:
        first = store.put(bucket, "key", b"12345")
        known = store.stat(bucket, "key")
        assert (known.key, known.size, known.etag) == ("key", 5, first.etag)
        assert known.modified_us > 1_700_000_000_000_000
        assert store.put(bucket, "other", b"54321").etag != first.etag

    def test_a_list_knows_the_same(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"12345")
        (listed,) = store.list(bucket)
        known = store.stat(bucket, "key")
        assert (listed.key, listed.size, listed.etag.strip('"')) == (known.key, known.size, known.etag)
        assert abs(listed.modified_us - known.modified_us) <= 1_000_000, "one of the answers has whole seconds"


class TestLists:
    def test_are_in_the_order_of_keys_and_only_under_the_prefix(self, store: ObjectStore, bucket: str) -> None:
        for key in ("b/2", "a/10", "a/9", "ab", "c", "a/sub/1"):
            store.put(bucket, key, b"x")
        assert keys(store.list(bucket)) == ["a/10", "a/9", "a/sub/1", "ab", "b/2", "c"]
        assert keys(store.list(bucket, "a/")) == ["a/10", "a/9", "a/sub/1"]
        assert keys(store.list(bucket, "a")) == ["a/10", "a/9", "a/sub/1", "ab"]
        assert keys(store.list(bucket, "nothing/")) == []

    def test_begin_after_a_key_that_need_not_be_there(self, store: ObjectStore, bucket: str) -> None:
        for key in ("a/1", "a/2", "a/4", "b/1"):
            store.put(bucket, key, b"x")
        assert keys(store.list(bucket, start_after="a/2")) == ["a/4", "b/1"]
        assert keys(store.list(bucket, "a/", start_after="a/3")) == ["a/4"]
        assert keys(store.list(bucket, start_after="z")) == []

    def test_are_whole_beyond_a_thousand(self, store: ObjectStore, bucket: str) -> None:
        wanted = [f"many/{number:05}" for number in range(1_050)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(bucket, key, b""), wanted))
        assert keys(store.list(bucket, "many/")) == wanted
        assert keys(store.list(bucket, "many/", start_after=wanted[1_001])) == wanted[1_002:]
        store.delete_many(bucket, iter(wanted))
        assert keys(store.list(bucket)) == []

    def test_of_an_empty_bucket_are_empty(self, store: ObjectStore, bucket: str) -> None:
        assert keys(store.list(bucket)) == []


class TestDeleting:
    def test_what_is_deleted_is_missing(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"x")
        store.delete(bucket, "key")
        with pytest.raises(ObjectMissing):
            store.get(bucket, "key")
        with pytest.raises(ObjectMissing):
            store.stat(bucket, "key")

    def test_what_is_not_there_is_no_error(self, store: ObjectStore, bucket: str) -> None:
        store.delete(bucket, "nothing")
        store.delete_many(bucket, ["nothing", "at/all"])
        store.delete_many(bucket, [])

    def test_many_at_once_leave_the_others(self, store: ObjectStore, bucket: str) -> None:
        for key in ("a", "b", "c"):
            store.put(bucket, key, b"x")
        store.delete_many(bucket, ["a", "c", "nothing"])
        assert keys(store.list(bucket)) == ["b"]


class TestBuckets:
    def test_are_made_once(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"x")
        store.ensure_bucket(bucket)
        assert store.get(bucket, "key") == b"x"

    def test_may_be_made_by_several_at_once(self, store: ObjectStore) -> None:
        name = f"ports-{uuid4().hex[:12]}"
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _number: store.ensure_bucket(name), range(6)))
        assert keys(store.list(name)) == []

    def test_with_a_lock_are_told_from_those_without(self, store: ObjectStore, bucket: str) -> None:
        name = f"ports-{uuid4().hex[:12]}"
        store.ensure_bucket(name, lock=True)
        store.ensure_bucket(name, lock=True)
        store.put(name, "key", b"x")
        with pytest.raises(StoreRefused, match="without object lock"):
            store.ensure_bucket(bucket, lock=True)

    def test_with_a_name_that_no_store_allows_are_refused(self, store: ObjectStore) -> None:
        with pytest.raises(StoreRefused, match="No_Such_Name!"):
            store.ensure_bucket("No_Such_Name!")

    @pytest.mark.parametrize(
        "call",
        [
            lambda store: store.put("no-such-bucket", "key", b"x"),
            lambda store: store.get("no-such-bucket", "key"),
            lambda store: store.stat("no-such-bucket", "key"),
            lambda store: list(store.list("no-such-bucket")),
            lambda store: store.delete_many("no-such-bucket", ["key"]),
        ],
        ids=["put", "get", "stat", "list", "delete_many"],
    )
    def test_that_are_missing_are_told(self, store: ObjectStore, call: Callable[[ObjectStore], object]) -> None:
        with pytest.raises(ObjectMissing, match="no-such-bucket"):
            call(store)


class TestThreads:
    def test_many_threads_share_a_store(self, store: ObjectStore, bucket: str) -> None:
        start = threading.Barrier(12)

        def work(number: int) -> bool:
            start.wait()
            data = os.urandom(50_000)
            for turn in range(4):
                store.put(bucket, f"{number}/{turn}", data)
            return all(store.get(bucket, f"{number}/{turn}", 100, 49_000) == data[100:49_100] for turn in range(4))

        with ThreadPoolExecutor(12) as pool:
            assert all(pool.map(work, range(12)))
        assert len(keys(store.list(bucket))) == 48


class TestAStoreThatIsAway:
    @pytest.mark.parametrize(
        "call",
        [
            lambda store: store.put("some-bucket", "key", b"x"),
            lambda store: store.get("some-bucket", "key"),
            lambda store: store.stat("some-bucket", "key"),
            lambda store: list(store.list("some-bucket")),
            lambda store: store.delete("some-bucket", "key"),
            lambda store: store.delete_many("some-bucket", ["key"]),
            lambda store: store.ensure_bucket("some-bucket"),
        ],
        ids=["put", "get", "stat", "list", "delete", "delete_many", "ensure_bucket"],
    )
    def test_is_told_at_every_call(self, away: ObjectStore, call: Callable[[ObjectStore], object]) -> None:
        with pytest.raises(StoreUnavailable, match="is it running"):
            call(away)
