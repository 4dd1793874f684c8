"""Encryption at rest by keys that the store is given and forgets, on the stack's store over TLS.

`make test-s3` runs it on the embedded store, `make test-s3 STORE=minio` on MinIO. The store's administrator is who has
its own keys of access and its disks, and no keyring.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from minio.commonconfig import CopySource
from minio.error import S3Error

from vantage.errors import ContentMismatch, KeyDestroyed, ObjectMissing, StoreRefused, StoreUnavailable
from vantage.key_ids import hold_key_id, key_id
from vantage.objects import FileBytes, S3ObjectStore, Version
from vantage_stack.stack import Stack

DAY, NEXT_DAY = "20261124", "20261125"
SIZE = 300_000


class Keys:
    """A keyring that makes keys and forgets those that are destroyed, as the custodian does."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self.destroyed: set[str] = set()

    def key_for(self, bucket: str, key: str, *, make: bool = False) -> bytes | None:
        name = key_id(bucket, key)
        if name in self.destroyed:
            msg = f"key {name} was destroyed"
            raise KeyDestroyed(msg)
        return self._keys.setdefault(name, secrets.token_bytes(32)) if make else self._keys.get(name)

    def destroy(self, key_id: str) -> None:
        self._keys.pop(key_id, None)
        self.destroyed.add(key_id)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack("at-rest", encrypted=True) as made:
        made.require("store")
        for bucket in ("footage", "live"):
            made.store.access.open().ensure_bucket(bucket)
        made.store.access.open().ensure_bucket("evidence", lock=True)
        yield made


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def store(stack: Stack, keys: Keys) -> S3ObjectStore:
    return stack.store.access.open(keys)


@pytest.fixture
def administrator(stack: Stack) -> S3ObjectStore:
    """The store as its administrator has it: every right there, and no key."""
    return stack.store.access.open()


@pytest.fixture
def camera() -> str:
    return f"hk1/c-{uuid4().hex[:12]}"


@pytest.fixture
def marker() -> bytes:
    """What is looked for on the disks."""
    return f"plain-{uuid4().hex}".encode()


@pytest.fixture
def data(marker: bytes) -> bytes:
    return marker + os.urandom(SIZE) + marker


@pytest.fixture
def key(store: S3ObjectStore, camera: str, data: bytes) -> str:
    """The key of an object that was put."""
    made = f"{camera}/{DAY}/rec.mp4"
    store.put("footage", made, data, sha256=hashlib.sha256(data).hexdigest())
    return made


def on_disk(stack: Stack, marker: bytes) -> bool:
    """Whether the bytes stand in any file of the store, its journals and metadata among them."""
    files = [path for path in stack.store.data.rglob("*") if path.is_file()]
    assert files
    return any(marker in path.read_bytes() for path in files)


class TestTheAdministrator:
    @pytest.mark.usefixtures("key")
    def test_finds_no_byte_of_it_on_the_disks(self, stack: Stack, marker: bytes) -> None:
        assert not on_disk(stack, marker)

    def test_would_find_what_is_not_encrypted(
        self, stack: Stack, administrator: S3ObjectStore, camera: str, marker: bytes
    ) -> None:
        administrator.put("footage", f"{camera}/{DAY}/plain.mp4", marker)
        assert on_disk(stack, marker)

    def test_cannot_read_it(self, administrator: S3ObjectStore, key: str) -> None:
        with pytest.raises(StoreRefused, match=key):
            administrator.get("footage", key)
        with pytest.raises(StoreRefused, match=key):
            administrator.get("footage", key, 100, 10)
        with pytest.raises(StoreRefused, match=key):
            administrator.stat("footage", key)

    def test_cannot_have_it_copied(self, administrator: S3ObjectStore, key: str) -> None:
        with pytest.raises(S3Error):
            administrator.client.copy_object("footage", f"{key}.copy", CopySource("footage", key))

    def test_cannot_read_it_with_a_key_of_his_own(self, stack: Stack, key: str) -> None:
        other = Keys()
        other.key_for("footage", key, make=True)
        with pytest.raises(StoreRefused, match="AccessDenied"):
            stack.store.access.open(other).get("footage", key)

    def test_still_sees_that_it_is_there_and_can_delete_it(self, administrator: S3ObjectStore, key: str) -> None:
        assert [one.key for one in administrator.list("footage", key)] == [key]
        administrator.delete("footage", key)
        assert list(administrator.list("footage", key)) == []


class TestAReader:
    @pytest.mark.parametrize(
        ("offset", "length"), [(0, 1), (0, SIZE), (15, 17), (65_535, 2), (SIZE - 1, 1), (70_000, 200_000), (5, None)]
    )
    def test_has_exactly_the_range(
        self, store: S3ObjectStore, key: str, data: bytes, offset: int, length: int | None
    ) -> None:
        end = None if length is None else offset + length
        assert store.get("footage", key, offset, length) == data[offset:end]

    def test_is_told_of_a_range_that_is_not_there(self, store: S3ObjectStore, key: str, data: bytes) -> None:
        with pytest.raises(ObjectMissing):
            store.get("footage", key, len(data), 1)

    def test_knows_the_size_of_the_plain_bytes(self, store: S3ObjectStore, key: str, data: bytes) -> None:
        assert store.stat("footage", key).size == len(data)
        assert [one.size for one in store.list("footage", key)] == [len(data)]

    def test_of_what_is_not_there_is_told_so(self, store: S3ObjectStore, key: str) -> None:
        with pytest.raises(ObjectMissing):
            store.get("footage", f"{key}.none")

    @pytest.mark.parametrize("day", [DAY, NEXT_DAY], ids=["on the day of the switch", "before it"])
    def test_still_reads_what_was_written_before_encryption(
        self, store: S3ObjectStore, administrator: S3ObjectStore, key: str, day: str
    ) -> None:
        before = key.replace(DAY, day) + ".before"
        administrator.put("footage", before, b"in the clear")
        assert store.get("footage", before) == b"in the clear"
        assert store.stat("footage", before).size == 12


class TestAWriter:
    def test_puts_a_file(self, store: S3ObjectStore, camera: str, data: bytes, tmp_path: Path) -> None:
        (tmp_path / "spool").write_bytes(data)
        content = FileBytes(tmp_path / "spool", len(data), b"tail")
        store.put("footage", f"{camera}/{DAY}/file.mp4", content, sha256=content.sha256())
        assert store.get("footage", f"{camera}/{DAY}/file.mp4") == data + b"tail"

    def test_is_told_of_bytes_that_are_not_those_of_the_digest(self, store: S3ObjectStore, camera: str) -> None:
        with pytest.raises(ContentMismatch):
            store.put("footage", f"{camera}/{DAY}/bad.mp4", b"other", sha256=hashlib.sha256(b"one").hexdigest())
        with pytest.raises(ObjectMissing):
            store.stat("footage", f"{camera}/{DAY}/bad.mp4")

    def test_may_put_the_same_again(self, store: S3ObjectStore, key: str, data: bytes) -> None:
        store.put("footage", key, data)
        assert store.get("footage", key) == data

    def test_puts_nothing_where_no_key_belongs(self, store: S3ObjectStore, camera: str) -> None:
        with pytest.raises(StoreRefused, match="no key encrypts"):
            store.put("footage", f"{camera}/rec.mp4", b"x")

    def test_locks_what_it_encrypts(self, store: S3ObjectStore, camera: str) -> None:
        until = (int(time.time()) + 5) * 1_000_000
        put = store.put("evidence", f"{camera}/rec.mp4", b"held", lock_until_us=until)
        assert put.version is not None
        one = Version(put.key, put.version)
        assert store.erase_many("evidence", [one]) == [one]
        assert store.get("evidence", put.key, version=put.version) == b"held"


class TestADestroyedKey:
    def test_ends_every_way_to_the_bytes_though_they_are_there(
        self, stack: Stack, store: S3ObjectStore, administrator: S3ObjectStore, keys: Keys, key: str
    ) -> None:
        keys.destroy(f"footage-{DAY}")
        with pytest.raises(KeyDestroyed):
            store.get("footage", key)
        with pytest.raises(KeyDestroyed):
            store.stat("footage", key)
        with pytest.raises(KeyDestroyed):
            store.put("footage", key, b"again")
        with pytest.raises(StoreRefused):
            administrator.get("footage", key)
        with pytest.raises(StoreRefused, match="AccessDenied"):
            stack.store.access.open(self.of_today(key)).get("footage", key)
        assert [one.key for one in administrator.list("footage", key)] == [key]
        store.delete("footage", key)
        assert list(administrator.list("footage", key)) == []

    @staticmethod
    def of_today(key: str) -> Keys:
        made = Keys()
        made.key_for("footage", key, make=True)
        return made

    def test_leaves_another_day_readable(
        self, store: S3ObjectStore, keys: Keys, key: str, camera: str, data: bytes
    ) -> None:
        store.put("footage", f"{camera}/{NEXT_DAY}/rec.mp4", data)
        keys.destroy(key_id("footage", key))
        assert store.get("footage", f"{camera}/{NEXT_DAY}/rec.mp4") == data

    def test_leaves_the_copy_for_a_hold_readable(
        self, store: S3ObjectStore, keys: Keys, key: str, camera: str, data: bytes
    ) -> None:
        held = f"hk1/hld_{uuid4().hex}/{camera.partition('/')[2]}/rec.mp4"
        store.put("evidence", held, store.get("footage", key))
        keys.destroy(f"footage-{DAY}")
        assert store.get("evidence", held) == data

    def test_ends_what_a_lock_still_keeps(self, store: S3ObjectStore, keys: Keys, camera: str) -> None:
        until = (int(time.time()) + 5) * 1_000_000
        hold = f"hld_{uuid4().hex}"
        put = store.put("evidence", f"hk1/{hold}/cam/rec.mp4", b"a dropped case", lock_until_us=until)
        keys.destroy(hold_key_id(hold))
        with pytest.raises(KeyDestroyed):
            store.get("evidence", put.key, version=put.version)
        assert [one.version for one in store.versions("evidence", put.key)] == [put.version]


class TestTheWire:
    def test_trusts_only_the_stack_s_own_authority(self, stack: Stack) -> None:
        access = stack.store.access
        stranger = S3ObjectStore(access.endpoint, access.access_key, access.secret_key, secure=True, region="us-east-1")
        with pytest.raises(StoreUnavailable, match="certificate"):
            stranger.stat("footage", f"hk1/cam/{DAY}/rec.mp4")
