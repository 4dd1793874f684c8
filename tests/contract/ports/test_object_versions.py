"""Versions, marks of deletions and locks, on the fake and the real store: what erasure and holds rest on."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from vantage.errors import ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects import ObjectInfo, ObjectStore, S3ObjectStore, Version
from vantage.testing import MemoryObjectStore, Versioning, keep_versions

HOUR_US = 3_600_000_000
DEADLINE_S = 60


def named(found: Iterable[ObjectInfo]) -> list[Version]:
    """What `versions` gave, as `erase_many` takes it."""
    return [Version(one.key, one.version) for one in found]


def later(seconds: float) -> int:
    return time.time_ns() // 1000 + round(seconds * 1_000_000)


@pytest.fixture
def versioned(store: MemoryObjectStore | S3ObjectStore, bucket: str) -> str:
    """A bucket that was made without versions and keeps them from now on."""
    keep_versions(store, bucket)
    return bucket


@pytest.fixture
def locked(store: ObjectStore) -> str:
    """A bucket that was made with lock."""
    name = f"ports-{uuid4().hex[:12]}"
    store.ensure_bucket(name, lock=True)
    return name


class TestVersions:
    def test_a_bucket_says_whether_it_keeps_them_or_did(
        self, store: MemoryObjectStore | S3ObjectStore, bucket: str, locked: str
    ) -> None:
        assert not store.has_versions(bucket)
        assert store.has_versions(locked)
        keep_versions(store, bucket)
        assert store.has_versions(bucket)
        keep_versions(store, bucket, Versioning.SUSPENDED)
        assert store.has_versions(bucket)

    def test_each_is_had_again_by_its_name(self, store: ObjectStore, versioned: str) -> None:
        first, second = (store.put(versioned, "key", data).version for data in (b"first", b"2nd"))
        assert first != second
        assert store.get(versioned, "key") == store.get(versioned, "key", version=second) == b"2nd"
        assert store.get(versioned, "key", 1, 3, version=first) == b"irs"
        assert store.stat(versioned, "key", version=first).size == 5
        assert store.stat(versioned, "key").version == second

    def test_a_plain_delete_hides_and_keeps(self, store: ObjectStore, versioned: str) -> None:
        kept = [store.put(versioned, key, key.encode()).version for key in ("a", "b")]
        store.delete(versioned, "a")
        store.delete_many(versioned, ["b"])
        assert list(store.list(versioned)) == []
        for key, version in zip(("a", "b"), kept, strict=True):
            with pytest.raises(ObjectMissing):
                store.get(versioned, key)
            assert store.get(versioned, key, version=version) == key.encode()

    def test_all_are_listed_in_the_order_of_keys_with_marks_among_them(
        self, store: ObjectStore, versioned: str
    ) -> None:
        for key in ("b/2", "a", "c", "b/1", "a", "häuser", "b/2"):
            store.put(versioned, key, b"12345")
        store.delete(versioned, "a")
        store.delete(versioned, "b/2")
        found = list(store.versions(versioned))
        assert [one.key for one in found] == ["a"] * 3 + ["b/1"] + ["b/2"] * 3 + ["c", "häuser"]
        assert [one.key for one in found if one.marker] == ["a", "b/2"]
        assert {one.size for one in found if not one.marker} == {5}
        assert len({one.version for one in found}) == len(found)
        assert [one.key for one in store.versions(versioned, "b/")] == ["b/1"] + ["b/2"] * 3
        assert list(store.versions(versioned, "nothing/")) == []

    def test_a_mark_has_no_bytes_and_its_end_shows_the_object_again(self, store: ObjectStore, versioned: str) -> None:
        store.put(versioned, "key", b"here")
        store.delete(versioned, "key")
        (mark,) = (one for one in store.versions(versioned) if one.marker)
        with pytest.raises(ObjectMissing):
            store.get(versioned, "key", version=mark.version)
        with pytest.raises(ObjectMissing):
            store.stat(versioned, "key", version=mark.version)
        assert store.erase_many(versioned, [Version("key", mark.version)]) == []
        assert store.get(versioned, "key") == b"here"

    @pytest.mark.parametrize("versioning", [Versioning.OFF, Versioning.ON])
    def test_none_is_left_out_where_the_name_of_a_folder_begins_another(
        self, store: MemoryObjectStore | S3ObjectStore, bucket: str, versioning: Versioning
    ) -> None:
        if versioning is Versioning.ON:
            keep_versions(store, bucket)
        wanted = [f"hk1/{camera}/{number:04}" for camera in ("cam", "cam-2", "cam.3") for number in range(600)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(bucket, key, b""), wanted))
        assert sorted(one.key for one in store.versions(bucket)) == sorted(wanted)
        assert sorted(one.key for one in store.list(bucket)) == sorted(wanted)
        store.erase_many(bucket, named(store.versions(bucket)))
        assert list(store.versions(bucket)) == []


class TestErasing:
    def test_one_version_leaves_the_others(self, store: ObjectStore, versioned: str) -> None:
        first, second = (store.put(versioned, "key", data).version for data in (b"first", b"second"))
        assert store.erase_many(versioned, [Version("key", second)]) == []
        assert store.get(versioned, "key") == b"first"
        with pytest.raises(ObjectMissing):
            store.get(versioned, "key", version=second)
        assert store.erase_many(versioned, [Version("key", second), Version("nothing", first)]) == [], "no error"
        assert named(store.versions(versioned)) == [Version("key", first)]

    def test_a_plain_name_hides_where_versions_are_kept(self, store: ObjectStore, versioned: str) -> None:
        version = store.put(versioned, "key", b"x").version
        assert store.erase_many(versioned, [Version("key")]) == []
        assert store.get(versioned, "key", version=version) == b"x"

    def test_what_is_listed_can_be_erased_where_none_are_kept(self, store: ObjectStore, bucket: str) -> None:
        for key in ("a", "a", "b/1", "b/2"):
            store.put(bucket, key, b"x")
        found = list(store.versions(bucket))
        assert [(one.key, one.marker) for one in found] == [("a", False), ("b/1", False), ("b/2", False)]
        assert store.erase_many(bucket, named(found[:2])) == []
        assert store.erase_many(bucket, [Version("b/2"), Version("nothing")]) == []
        assert list(store.versions(bucket)) == list(store.list(bucket)) == []

    @pytest.mark.parametrize("then", Versioning)
    def test_what_was_written_before_and_after_can_be_erased(
        self, store: MemoryObjectStore | S3ObjectStore, bucket: str, then: Versioning
    ) -> None:
        store.put(bucket, "key", b"before")
        if then is not Versioning.OFF:
            keep_versions(store, bucket)
            store.put(bucket, "key", b"while versions are kept")
            store.delete(bucket, "key")
        if then is Versioning.SUSPENDED:
            keep_versions(store, bucket, then)
        store.put(bucket, "key", b"after")
        store.put(bucket, "key", b"again")
        assert len(list(store.versions(bucket))) == {"off": 1, "on": 5, "suspended": 3}[then.value]
        assert store.erase_many(bucket, named(store.versions(bucket))) == []
        assert list(store.versions(bucket)) == []

    def test_more_than_a_thousand_go_in_one_call(self, store: ObjectStore, versioned: str) -> None:
        wanted = [f"many/{number:04}" for number in range(700)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put(versioned, key, b""), wanted))
        store.delete_many(versioned, wanted)
        found = list(store.versions(versioned))
        assert [one.key for one in found] == [key for key in wanted for _ in range(2)]
        assert sum(one.marker for one in found) == len(wanted)
        assert store.erase_many(versioned, iter(named(found))) == []
        assert list(store.versions(versioned)) == []


class TestLocks:
    def test_a_version_is_kept_from_the_put_on(self, store: ObjectStore, locked: str) -> None:
        until_us = later(3600)
        version = store.put(locked, "key", b"evidence", lock_until_us=until_us).version
        other = store.put(locked, "other", b"free").version
        assert version
        assert 0 <= (store.locked_until(locked, "key", version) or 0) - until_us <= 1_000_000, "never earlier"
        kept = store.erase_many(locked, [Version("other", other), Version("key", version)])
        assert kept == [Version("key", version)]
        assert named(store.versions(locked)) == [Version("key", version)]
        assert store.get(locked, "key") == b"evidence"

    def test_a_plain_delete_hides_and_keeps(self, store: ObjectStore, locked: str) -> None:
        version = store.put(locked, "key", b"evidence", lock_until_us=later(3600)).version
        store.delete(locked, "key")
        with pytest.raises(ObjectMissing):
            store.get(locked, "key")
        assert store.get(locked, "key", version=version) == b"evidence"

    def test_a_version_can_be_locked_later(self, store: ObjectStore, locked: str) -> None:
        version = store.put(locked, "key", b"x").version or ""
        assert store.locked_until(locked, "key", version) is None
        store.lock(locked, "key", version, later(3600))
        assert store.erase_many(locked, [Version("key", version)]) == [Version("key", version)]

    def test_a_lock_is_extended_and_never_shortened(self, store: ObjectStore, locked: str) -> None:
        until_us = later(3600)
        version = store.put(locked, "key", b"x", lock_until_us=until_us).version or ""
        store.lock(locked, "key", version, until_us)
        store.lock(locked, "key", version, until_us + HOUR_US)
        for sooner_us in (until_us, later(60)):
            with pytest.raises(StoreRefused):
                store.lock(locked, "key", version, sooner_us)
        assert (store.locked_until(locked, "key", version) or 0) >= until_us + HOUR_US

    def test_a_lock_lapses_and_can_be_set_anew(self, store: ObjectStore, locked: str) -> None:
        gone, kept = (store.put(locked, key, b"x", lock_until_us=later(2)).version or "" for key in ("gone", "kept"))
        assert store.erase_many(locked, [Version("gone", gone)]) == [Version("gone", gone)]
        deadline = time.monotonic() + DEADLINE_S
        while store.erase_many(locked, [Version("gone", gone)]):
            assert time.monotonic() < deadline, "the lock has not lapsed"
            time.sleep(0.1)
        store.lock(locked, "kept", kept, later(3600))
        assert store.erase_many(locked, [Version("kept", kept)]) == [Version("kept", kept)]

    def test_a_time_that_has_passed_is_refused(self, store: ObjectStore, locked: str) -> None:
        version = store.put(locked, "key", b"x").version or ""
        with pytest.raises(StoreRefused):
            store.lock(locked, "key", version, later(-60))
        with pytest.raises(StoreRefused):
            store.put(locked, "other", b"x", lock_until_us=later(-60))
        assert [one.key for one in store.versions(locked)] == ["key"]

    def test_a_bucket_without_lock_refuses_one(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"x")
        with pytest.raises(StoreRefused):
            store.put(bucket, "other", b"x", lock_until_us=later(3600))
        with pytest.raises(StoreRefused):
            store.lock(bucket, "key", "null", later(3600))
        assert store.erase_many(bucket, named(store.versions(bucket))) == []

    def test_a_version_that_is_not_there_is_missing(self, store: ObjectStore, locked: str) -> None:
        version = store.put(locked, "key", b"x").version or ""
        store.erase_many(locked, [Version("key", version)])
        with pytest.raises(ObjectMissing):
            store.lock(locked, "key", version, later(3600))
        with pytest.raises(ObjectMissing):
            store.locked_until(locked, "key", version)


class TestFolders:
    def test_are_the_prefixes_one_level_below_in_order(self, store: ObjectStore, bucket: str) -> None:
        for key in ("b/x/y", "a/d", "a/b/c", "a/b/d", "c", "ä/1"):
            store.put(bucket, key, b"x")
        assert list(store.folders(bucket)) == ["a/", "b/", "ä/"]
        assert list(store.folders(bucket, "a/")) == ["a/b/"]
        assert list(store.folders(bucket, "nothing/")) == []

    def test_are_those_of_current_objects_and_perhaps_emptied_ones(self, store: ObjectStore, versioned: str) -> None:
        for key in ("a/1", "b/1", "c/1"):
            store.put(versioned, key, b"x")
        store.delete(versioned, "a/1")
        store.erase_many(versioned, named(store.versions(versioned, "c/")))
        found = [folder for folder in store.folders(versioned) if list(store.list(versioned, folder))]
        assert found == ["b/"]
        assert list(store.folders(versioned, "b/")) == []

    def test_are_whole_beyond_a_thousand(self, store: ObjectStore, bucket: str) -> None:
        wanted = [f"{number:04}/" for number in range(1_050)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda folder: store.put(bucket, folder + "x", b""), wanted))
        assert list(store.folders(bucket)) == wanted


CALLS: dict[str, Callable[[ObjectStore, str], object]] = {
    "versions": lambda store, bucket: list(store.versions(bucket)),
    "folders": lambda store, bucket: list(store.folders(bucket)),
    "erase_many": lambda store, bucket: store.erase_many(bucket, [Version("key", "null")]),
    "has_versions": lambda store, bucket: store.has_versions(bucket),
    "lock": lambda store, bucket: store.lock(bucket, "key", "null", later(3600)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_bucket_that_is_missing_is_told(store: ObjectStore, call: Callable[[ObjectStore, str], object]) -> None:
    with pytest.raises(ObjectMissing, match="no-such-bucket"):
        call(store, "no-such-bucket")


@pytest.mark.parametrize(
    "call",
    [*CALLS.values(), lambda store, bucket: store.locked_until(bucket, "key", "null")],
    ids=[*CALLS, "locked_until"],
)
def test_a_store_that_is_away_is_told(away: ObjectStore, call: Callable[[ObjectStore, str], object]) -> None:
    with pytest.raises(StoreUnavailable, match="is it running"):
        call(away, "some-bucket")
