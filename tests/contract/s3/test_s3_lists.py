"""Lists: the check of the store and erasure go through them in the order of keys, from any place."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from tests.contract.s3.test_s3_objects import ODD
from vantage.objects import ObjectInfo, S3ObjectStore

KEYS = sorted(["A", "Z", "a b", "a1", "a2/1", "a0", "b", "z", "é", "門/1", "\uffee", "🎥"], key=str.encode)
"""In the order of their bytes: the last two would change places by UTF-16."""


def keys(found: Iterable[ObjectInfo]) -> list[str]:
    return [one.key for one in found]


class TestLists:
    @pytest.fixture
    def filled(self, store: S3ObjectStore, bucket: str) -> str:
        for key in reversed(KEYS):
            store.put(bucket, key, b"x")
        return bucket

    def test_are_in_the_order_of_the_keys_bytes(self, store: S3ObjectStore, filled: str) -> None:
        assert keys(store.list(filled)) == KEYS

    def test_of_versions_are_in_the_same_order(self, store: S3ObjectStore, filled: str) -> None:
        assert keys(store.versions(filled)) == KEYS

    @pytest.mark.parametrize("place", range(len(KEYS)))
    def test_begin_after_any_key(self, store: S3ObjectStore, filled: str, place: int) -> None:
        assert keys(store.list(filled, start_after=KEYS[place])) == KEYS[place + 1 :]

    def test_begin_after_a_key_that_is_not_there(self, store: S3ObjectStore, filled: str) -> None:
        assert keys(store.list(filled, start_after="c")) == [key for key in KEYS if key.encode() > b"c"]

    def test_are_in_the_order_of_bytes_where_names_of_folders_begin_alike(
        self, store: S3ObjectStore, bucket: str
    ) -> None:
        for key in ("cam/1", "cam-2/1", "cam.3/1"):
            store.put(bucket, key, b"x")
        assert keys(store.list(bucket)) == ["cam-2/1", "cam.3/1", "cam/1"]

    def test_leave_nothing_out_where_names_of_folders_begin_alike(self, store: S3ObjectStore, bucket: str) -> None:
        wanted = self.fill(store, bucket)
        assert sorted(keys(store.list(bucket))) == sorted(wanted)

    def test_of_versions_leave_nothing_out_where_names_of_folders_begin_alike(
        self, store: S3ObjectStore, versioned: str
    ) -> None:
        wanted = self.fill(store, versioned)
        found = store.client.list_objects(versioned, recursive=True, include_version=True)
        assert sorted(str(one.object_name) for one in found) == sorted(wanted)

    @staticmethod
    def fill(store: S3ObjectStore, bucket: str) -> list[str]:
        wanted = [f"{camera}/{number:04}" for camera in ("cam", "cam-2", "cam.3") for number in range(600)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(bucket, key, b""), wanted))
        return wanted

    def test_take_a_prefix_by_its_letters(self, store: S3ObjectStore, bucket: str) -> None:
        for key in ("a.b/1", "a.b/2", "axb/1", "a%2e", "A.b/1"):
            store.put(bucket, key, b"x")
        assert keys(store.list(bucket, "a.b/")) == keys(store.versions(bucket, "a.b/")) == ["a.b/1", "a.b/2"]

    def test_with_a_delimiter_give_each_folder_once(self, store: S3ObjectStore, bucket: str) -> None:
        for key in ("a/1", "a/2", "b/c/1", "d", "門/1"):
            store.put(bucket, key, b"x")
        found = [str(one.object_name) for one in store.client.list_objects(bucket)]
        assert sorted(found, key=str.encode) == ["a/", "b/", "d", "門/"]
        assert list(store.folders(bucket)) == ["a/", "b/", "門/"]

    def test_give_no_folder_whose_objects_have_gone(self, store: S3ObjectStore, bucket: str) -> None:
        store.put(bucket, "a/1", b"x")
        store.put(bucket, "b/1", b"x")
        store.delete(bucket, "a/1")
        assert list(store.folders(bucket)) == ["b/"]

    def test_give_no_folder_whose_objects_are_hidden(self, store: S3ObjectStore, versioned: str) -> None:
        store.put(versioned, "a/1", b"x")
        store.put(versioned, "b/1", b"x")
        store.delete(versioned, "a/1")
        assert list(store.folders(versioned)) == ["b/"]


class TestBulkDeletes:
    def test_take_a_thousand_with_odd_and_missing_keys(self, store: S3ObjectStore, bucket: str) -> None:
        written = ODD + [f"many/{number:03}" for number in range(100)]
        for key in [*written, "stays"]:
            store.put(bucket, key, b"x")
        missing = [f"missing/{number:04}" for number in range(1_000 - len(written))]
        store.delete_many(bucket, written + missing)
        assert keys(store.list(bucket)) == ["stays"]

    def test_say_nothing_of_what_was_not_there(self, store: S3ObjectStore, bucket: str) -> None:
        assert list(store.client.remove_objects(bucket, [DeleteObject("a"), DeleteObject("b", "null")])) == []

    def test_of_more_than_a_thousand_are_refused_whole(self, store: S3ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"x")
        many = [DeleteObject("key"), *(DeleteObject(f"missing/{number}") for number in range(1_000))]
        with pytest.raises(S3Error):
            store.client._delete_objects(bucket, many)
        assert keys(store.list(bucket)) == ["key"]
