"""Locks: what is held for a case stays whatever anybody does, and goes when it must."""

import time
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from minio.commonconfig import COMPLIANCE, GOVERNANCE, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED, VersioningConfig

from vantage.errors import ObjectMissing, StoreRefused, VantageError
from vantage.objects import S3ObjectStore, Version

KEPT_S = 600
"""Long enough for a slow store to be asked within it; a later run removes what it has kept."""
DEADLINE_S = 60


def later(seconds: float = KEPT_S) -> int:
    return time.time_ns() // 1000 + round(seconds * 1_000_000)


def date(seconds: float = KEPT_S) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def put(store: S3ObjectStore, bucket: str, key: str = "key", seconds: float = KEPT_S) -> str:
    """A version that is locked, by its name."""
    return store.put(bucket, key, b"evidence", lock_until_us=later(seconds)).version or ""


class TestLocks:
    def test_a_version_locked_by_its_put_is_not_deleted(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked)
        with pytest.raises(S3Error):
            store.client.remove_object(locked, "key", version_id=version)
        assert store.get(locked, "key", version=version) == b"evidence"

    def test_a_bulk_delete_names_what_is_locked_and_deletes_the_rest(self, store: S3ObjectStore, locked: str) -> None:
        kept = [Version(f"kept/{number}", put(store, locked, f"kept/{number}")) for number in range(3)]
        free = [Version(f"free/{number}", store.put(locked, f"free/{number}", b"x").version) for number in range(3)]
        assert sorted(store.erase_many(locked, kept + free), key=lambda one: one.key) == kept
        assert [Version(one.key, one.version) for one in store.versions(locked)] == kept

    def test_a_put_over_a_locked_version_keeps_it(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked)
        store.put(locked, "key", b"other")
        assert store.get(locked, "key", version=version) == b"evidence"

    def test_a_plain_delete_of_a_locked_version_only_hides(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked)
        store.delete(locked, "key")
        assert store.get(locked, "key", version=version) == b"evidence"

    def test_a_lock_is_never_shortened(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked)
        with pytest.raises(StoreRefused):
            store.lock(locked, "key", version, later(KEPT_S / 2))
        with pytest.raises(S3Error):
            store.client.set_object_retention(locked, "key", Retention(GOVERNANCE, date()), version)

    def test_a_lock_can_be_extended(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked)
        longer_us = later(KEPT_S * 1.5)
        store.lock(locked, "key", version, longer_us)
        assert (store.locked_until(locked, "key", version) or 0) >= longer_us

    def test_a_lock_lapses_by_itself(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked, seconds=2)
        assert store.erase_many(locked, [Version("key", version)]) == [Version("key", version)]
        deadline = time.monotonic() + DEADLINE_S
        while store.erase_many(locked, [Version("key", version)]):
            assert time.monotonic() < deadline, "the lock has not lapsed"
            time.sleep(0.1)
        assert list(store.versions(locked)) == []

    def test_a_version_can_be_locked_after_its_put(self, store: S3ObjectStore, locked: str) -> None:
        version = store.put(locked, "key", b"evidence").version or ""
        assert store.locked_until(locked, "key", version) is None
        store.lock(locked, "key", version, later())
        assert store.erase_many(locked, [Version("key", version)]) == [Version("key", version)]

    def test_a_lock_until_the_past_is_refused(self, store: S3ObjectStore, locked: str) -> None:
        with pytest.raises(StoreRefused):
            put(store, locked, seconds=-60)
        assert list(store.versions(locked)) == []

    def test_a_bucket_made_without_lock_refuses_a_put_with_one(self, store: S3ObjectStore, versioned: str) -> None:
        with pytest.raises(StoreRefused):
            put(store, versioned)

    def test_a_bucket_made_without_lock_refuses_to_lock_a_version(self, store: S3ObjectStore, versioned: str) -> None:
        version = store.put(versioned, "key", b"x").version or ""
        with pytest.raises(StoreRefused):
            store.lock(versioned, "key", version, later())

    def test_a_mark_of_a_deletion_is_not_locked(self, store: S3ObjectStore, locked: str) -> None:
        store.put(locked, "key", b"x")
        store.delete(locked, "key")
        (mark,) = (one for one in store.versions(locked) if one.marker)
        with pytest.raises((ObjectMissing, StoreRefused)):
            store.lock(locked, "key", mark.version or "", later())

    def test_a_bucket_with_a_locked_version_is_not_removed(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked)
        with pytest.raises(S3Error):
            store.client.remove_bucket(locked)
        assert store.get(locked, "key", version=version) == b"evidence"

    def test_lock_and_versions_of_a_bucket_are_not_switched_off(self, store: S3ObjectStore, locked: str) -> None:
        with pytest.raises(S3Error):
            store.client.set_bucket_versioning(locked, VersioningConfig(SUSPENDED))
        store.ensure_bucket(locked, lock=True)

    def test_a_copy_is_locked_by_the_request_that_makes_it(self, store: S3ObjectStore, locked: str) -> None:
        store.put(locked, "source", b"x")
        until = Retention(COMPLIANCE, date())
        copy = store.client.copy_object(locked, "copy", CopySource(locked, "source"), retention=until)
        kept = [Version("copy", copy.version_id)]
        assert store.erase_many(locked, kept) == kept


class TestOtherLocks:
    """Which Vantage does not use; a store that has them is a store that others use as well."""

    def test_a_legal_hold_keeps_until_it_is_lifted(self, store: S3ObjectStore, locked: str) -> None:
        version = store.put(locked, "key", b"x").version
        store.client.enable_object_legal_hold(locked, "key", version)
        assert store.client.is_object_legal_hold_enabled(locked, "key", version)
        with pytest.raises(S3Error):
            store.client.remove_object(locked, "key", version_id=version)
        assert [one.name for one in store.client.remove_objects(locked, [DeleteObject("key", version)])] == ["key"]
        store.client.disable_object_legal_hold(locked, "key", version)
        assert not store.client.is_object_legal_hold_enabled(locked, "key", version)
        store.erase_many(locked, [Version("key", version)])
        assert list(store.versions(locked)) == []

    def test_a_legal_hold_keeps_a_version_whose_lock_has_lapsed(self, store: S3ObjectStore, locked: str) -> None:
        version = put(store, locked, seconds=2)
        store.client.enable_object_legal_hold(locked, "key", version)
        time.sleep(4)
        with pytest.raises(S3Error):
            store.client.remove_object(locked, "key", version_id=version)
        store.client.disable_object_legal_hold(locked, "key", version)
        assert store.erase_many(locked, [Version("key", version)]) == []

    def test_governance_keeps_from_those_who_do_not_ask_to_bypass_it(self, store: S3ObjectStore, locked: str) -> None:
        until = Retention(GOVERNANCE, date())
        version = store.client.put_object(locked, "key", BytesIO(b"x"), 1, retention=until).version_id
        with pytest.raises((S3Error, VantageError)):
            store.client.remove_object(locked, "key", version_id=version)
        assert store.get(locked, "key") == b"x"
        bypassed = store.client.remove_objects(locked, [DeleteObject("key", version)], bypass_governance_mode=True)
        assert list(bypassed) == []
        assert list(store.versions(locked)) == []
