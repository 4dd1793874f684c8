"""An object store in memory, that can be told to be away."""

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from vantage.clock import Clock, SystemClock
from vantage.errors import ContentMismatch, ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects.file_bytes import FileBytes
from vantage.objects.keyring import Keyring
from vantage.objects.port import UNCHECKED, UNNAMED, ObjectInfo, Version
from vantage.testing.memory_bucket import Kept, MemoryBucket, Versioning

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class MemoryObjectStore:
    """Behaves as S3ObjectStore does, as far as the port says. While `away` is true, every call is StoreUnavailable.

    Its locks are by the clock that it is given, so that a test can see them lapse.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._mutex = threading.RLock()
        self._buckets: dict[str, MemoryBucket] = {}
        self.away = False
        self.keyring: Keyring | None = None

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes | FileBytes,
        content_type: str = "application/octet-stream",  # noqa: ARG002
        *,
        sha256: str | None = None,
        lock_until_us: int | None = None,
    ) -> ObjectInfo:
        """Write an object whole."""
        _check_key(bucket, key)
        content = b"".join(map(bytes, data)) if isinstance(data, FileBytes) else bytes(data)
        if sha256 not in {None, UNCHECKED, hashlib.sha256(content).hexdigest()}:
            msg = f"{bucket}/{key} did not reach the object store as it was to be"
            raise ContentMismatch(msg)
        with self._mutex:
            found = self._bucket(bucket)
            if lock_until_us is not None:
                self._check_lock(bucket, key, lock_until_us)
            etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
            kept = found.put(key, content, etag, self._clock.now_us())
            kept.until_us = lock_until_us
        return _named(kept)

    def get(
        self, bucket: str, key: str, offset: int = 0, length: int | None = None, *, version: str | None = None
    ) -> bytes:
        """The object's bytes from `offset`, exactly `length` of them (to its end without one)."""
        if length == 0:
            return b""
        whole = self._object(bucket, key, version).data
        data = whole[offset:] if length is None else whole[offset : offset + length]
        if (offset and offset >= len(whole)) or (length is not None and len(data) != length):
            msg = f"{bucket}/{key} has {len(data)} bytes from {offset}, {length} were asked for: it is not whole"
            raise ObjectMissing(msg)
        return data

    def stat(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo:
        """What the store knows of an object."""
        return _named(self._object(bucket, key, version))

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, in the order of their keys, after a key."""
        with self._mutex:
            found = [replace(kept.info, version=None) for kept in self._bucket(bucket).objects()]
        after = start_after.encode()
        yield from (one for one in found if one.key.startswith(prefix) and one.key.encode() > after)

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version under a prefix, marks of deletions among them, in the order of their keys."""
        with self._mutex:
            found = [kept.info for kept in self._bucket(bucket).versions()]
        yield from (one for one in found if one.key.startswith(prefix))

    def folders(self, bucket: str, prefix: str = "") -> Iterator[str]:
        """The prefixes one level below a prefix, in order."""
        below = (one.key[len(prefix) :].partition("/") for one in self.list(bucket, prefix))
        yield from dict.fromkeys(f"{prefix}{name}/" for name, slash, _ in below if slash)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; it is no error if it is not there."""
        self.delete_many(bucket, [key])

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects in bulk; those that are not there are no error."""
        self.erase_many(bucket, map(Version, keys))

    def erase_many(self, bucket: str, versions: Iterable[Version]) -> Sequence[Version]:
        """Delete versions for good, in bulk; those that a lock keeps are returned."""
        with self._mutex:
            found, now_us = self._bucket(bucket), self._clock.now_us()
            kept = []
            for one in versions:
                if one.version is None:
                    found.hide(one.key, now_us)
                elif not found.erase(one.key, one.version, now_us):
                    kept.append(one)
        return kept

    def lock(self, bucket: str, key: str, version: str, until_us: int) -> None:
        """Keep a version until then; a lock can be made longer and never shorter."""
        with self._mutex:
            self._check_lock(bucket, key, until_us)
            kept = self._object(bucket, key, version)
            if kept.until_us is not None and kept.is_locked(self._clock.now_us()) and until_us < kept.until_us:
                msg = f"the object store refused to lock {bucket}/{key}: it is kept until {kept.until_us}"
                raise StoreRefused(msg)
            kept.until_us = until_us

    def locked_until(self, bucket: str, key: str, version: str) -> int | None:
        """Until when a lock keeps a version (UTC microseconds), or None."""
        return self._object(bucket, key, version).until_us

    def has_versions(self, bucket: str) -> bool:
        """Whether the bucket keeps versions, or kept them once."""
        with self._mutex:
            return self._bucket(bucket).versioning is not Versioning.OFF

    def set_versioning(self, bucket: str, versioning: Versioning) -> None:
        """What the administrator does to a bucket; `vantage.testing.keep_versions` does it to any store."""
        with self._mutex:
            self._bucket(bucket).versioning = versioning

    def ensure_bucket(self, bucket: str, *, lock: bool = False) -> None:
        """Make the bucket unless it is there."""
        with self._mutex:
            self._check()
            if not _BUCKET.fullmatch(bucket):
                msg = f"the object store refused to ensure_bucket {bucket}: invalid bucket name"
                raise StoreRefused(msg)
            found = self._buckets.setdefault(bucket, MemoryBucket(lock=lock))
            if lock and not found.lock:
                msg = f"bucket {bucket} was made without object lock: name another, or make it anew"
                raise StoreRefused(msg)

    def _object(self, bucket: str, key: str, version: str | None) -> Kept:
        _check_key(bucket, key)
        with self._mutex:
            kept = self._bucket(bucket).object(key, version)
        if kept is None:
            msg = f"{bucket}/{key} is not in the object store (NoSuchKey)"
            raise ObjectMissing(msg)
        return kept

    def _bucket(self, bucket: str) -> MemoryBucket:
        self._check()
        if bucket not in self._buckets:
            msg = f"bucket {bucket} is not in the object store (NoSuchBucket)"
            raise ObjectMissing(msg)
        return self._buckets[bucket]

    def _check_lock(self, bucket: str, key: str, until_us: int) -> None:
        if not self._bucket(bucket).lock or until_us <= self._clock.now_us():
            msg = f"the object store refused to lock {bucket}/{key}: it takes a bucket with lock, and a time to come"
            raise StoreRefused(msg)

    def _check(self) -> None:
        if self.away:
            msg = "the object store is away: is it running?"
            raise StoreUnavailable(msg)


def _check_key(bucket: str, key: str) -> None:
    if not key or {".", ".."} & set(key.split("/")):
        msg = f"the object store refused {bucket}/{key!r}: a key has no empty, . or .. segment"
        raise StoreRefused(msg)


def _named(kept: Kept) -> ObjectInfo:
    """As put and stat tell it: without the word for a version that has no name."""
    return replace(kept.info, version=None) if kept.info.version == UNNAMED else kept.info
