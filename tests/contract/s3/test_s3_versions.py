"""Versions and marks of deletions: erasure has to find and end every one of them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from vantage.errors import ObjectMissing
from vantage.objects import ObjectInfo, S3ObjectStore, Version
from vantage.testing import Versioning, keep_versions


def named(found: Iterable[ObjectInfo]) -> list[Version]:
    return [Version(one.key, one.version) for one in found]


class TestVersions:
    def test_each_put_is_a_version_that_can_be_read(self, store: S3ObjectStore, versioned: str) -> None:
        written = {store.put(versioned, "key", str(turn).encode()).version: str(turn).encode() for turn in range(5)}
        assert len(written) == 5
        assert {version: store.get(versioned, "key", version=version) for version in written} == written

    def test_a_plain_delete_leaves_a_mark_and_every_version(self, store: S3ObjectStore, versioned: str) -> None:
        version = store.put(versioned, "key", b"x").version
        store.delete(versioned, "key")
        with pytest.raises(ObjectMissing):
            store.get(versioned, "key")
        assert store.get(versioned, "key", version=version) == b"x"
        assert sorted(one.marker for one in store.versions(versioned)) == [False, True]

    def test_the_end_of_a_mark_shows_the_object_again(self, store: S3ObjectStore, versioned: str) -> None:
        store.put(versioned, "key", b"x")
        store.delete(versioned, "key")
        store.erase_many(versioned, named(one for one in store.versions(versioned) if one.marker))
        assert store.get(versioned, "key") == b"x"

    def test_a_delete_of_what_is_not_there_leaves_no_second_mark(self, store: S3ObjectStore, versioned: str) -> None:
        store.put(versioned, "key", b"x")
        store.delete(versioned, "key")
        store.delete(versioned, "key")
        store.delete(versioned, "never")
        assert sum(one.marker for one in store.versions(versioned)) == 1

    def test_one_that_is_erased_is_gone_and_the_others_stay(self, store: S3ObjectStore, versioned: str) -> None:
        first, second = (store.put(versioned, "key", data).version for data in (b"1", b"2"))
        store.erase_many(versioned, [Version("key", first)])
        assert named(store.versions(versioned)) == [Version("key", second)]
        with pytest.raises(ObjectMissing):
            store.get(versioned, "key", version=first)

    def test_what_was_there_before_is_the_version_null(self, store: S3ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"before")
        keep_versions(store, bucket)
        store.put(bucket, "key", b"after")
        assert store.get(bucket, "key", version="null") == b"before"
        store.erase_many(bucket, [Version("key", "null")])
        assert store.get(bucket, "key") == b"after"

    def test_a_bucket_without_versions_lists_and_erases_the_version_null(
        self, store: S3ObjectStore, bucket: str
    ) -> None:
        store.put(bucket, "key", b"x")
        assert named(store.versions(bucket)) == [Version("key", "null")]
        store.erase_many(bucket, [Version("key", "null")])
        assert list(store.list(bucket)) == []

    def test_suspended_a_put_replaces_only_the_version_null(self, store: S3ObjectStore, versioned: str) -> None:
        kept = store.put(versioned, "key", b"kept").version
        keep_versions(store, versioned, Versioning.SUSPENDED)
        store.put(versioned, "key", b"1")
        store.put(versioned, "key", b"2")
        assert {one.version for one in store.versions(versioned)} == {kept, "null"}
        assert store.get(versioned, "key", version=kept) == b"kept"

    def test_suspended_a_mark_can_be_erased(self, store: S3ObjectStore, versioned: str) -> None:
        store.put(versioned, "key", b"x")
        keep_versions(store, versioned, Versioning.SUSPENDED)
        store.delete(versioned, "key")
        store.erase_many(versioned, named(store.versions(versioned)))
        assert list(store.versions(versioned)) == []


class TestListsOfVersions:
    def test_have_marks_and_versions_page_after_page(self, store: S3ObjectStore, versioned: str) -> None:
        wanted = [f"day/{number:04}" for number in range(900)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(versioned, key, b"x"), wanted))
        store.delete_many(versioned, wanted)
        found = list(store.versions(versioned, "day/"))
        assert [one.key for one in found] == [key for key in wanted for _ in range(2)]
        assert sum(one.marker for one in found) == len(wanted)
        assert len(set(named(found))) == len(found)

    def test_go_on_within_one_key(self, store: S3ObjectStore, versioned: str) -> None:
        with ThreadPoolExecutor(8) as pool:
            written = set(pool.map(lambda _turn: store.put(versioned, "key", b"x").version, range(1_100)))
        store.put(versioned, "later", b"x")
        found = list(store.versions(versioned))
        assert {one.version for one in found if one.key == "key"} == written
        assert len(found) == len(written) + 1
        store.erase_many(versioned, named(found))
        assert list(store.versions(versioned)) == []
