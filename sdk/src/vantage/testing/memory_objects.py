"""An object store in a dictionary, that can be told to be away."""

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator

from vantage.clock import Clock, SystemClock
from vantage.errors import ContentMismatch, ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects.file_bytes import FileBytes
from vantage.objects.port import UNCHECKED, ObjectInfo

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class MemoryObjectStore:
    """Behaves as S3ObjectStore does, as far as the port says. While `away` is true, every call is StoreUnavailable."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._buckets: dict[str, dict[str, tuple[bytes, int]]] = {}
        self._locked: set[str] = set()
        self.away = False

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes | FileBytes,
        content_type: str = "application/octet-stream",  # noqa: ARG002
        *,
        sha256: str | None = None,
    ) -> ObjectInfo:
        """Write an object whole."""
        _check_key(bucket, key)
        content = b"".join(map(bytes, data)) if isinstance(data, FileBytes) else bytes(data)
        if sha256 not in {None, UNCHECKED, hashlib.sha256(content).hexdigest()}:
            msg = f"{bucket}/{key} did not reach the object store as it was to be"
            raise ContentMismatch(msg)
        with self._lock:
            kept = self._bucket(bucket)[key] = (content, self._clock.now_us())
        return _info(key, kept)

    def get(self, bucket: str, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """The object's bytes from `offset`, exactly `length` of them (to its end without one)."""
        if length == 0:
            return b""
        whole, _ = self._object(bucket, key)
        data = whole[offset:] if length is None else whole[offset : offset + length]
        if (offset and offset >= len(whole)) or (length is not None and len(data) != length):
            msg = f"{bucket}/{key} has {len(data)} bytes from {offset}, {length} were asked for: it is not whole"
            raise ObjectMissing(msg)
        return data

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        """What the store knows of an object."""
        return _info(key, self._object(bucket, key))

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, in the order of their keys, after a key."""
        with self._lock:
            found = sorted(self._bucket(bucket).items(), key=lambda item: item[0].encode())
        yield from (_info(key, kept) for key, kept in found if key.startswith(prefix) and key > start_after)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; it is no error if it is not there."""
        with self._lock:
            self._bucket(bucket).pop(key, None)

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects in bulk; those that are not there are no error."""
        with self._lock:
            for key in keys:
                self._bucket(bucket).pop(key, None)

    def ensure_bucket(self, bucket: str, *, lock: bool = False) -> None:
        """Make the bucket unless it is there."""
        with self._lock:
            self._check()
            if not _BUCKET.fullmatch(bucket):
                msg = f"the object store refused to ensure_bucket {bucket}: invalid bucket name"
                raise StoreRefused(msg)
            if bucket not in self._buckets:
                self._buckets[bucket] = {}
                self._locked |= {bucket} if lock else set()
            if lock and bucket not in self._locked:
                msg = f"bucket {bucket} was made without object lock: name another, or make it anew"
                raise StoreRefused(msg)

    def _object(self, bucket: str, key: str) -> tuple[bytes, int]:
        _check_key(bucket, key)
        with self._lock:
            kept = self._bucket(bucket).get(key)
        if kept is None:
            msg = f"{bucket}/{key} is not in the object store (NoSuchKey)"
            raise ObjectMissing(msg)
        return kept

    def _bucket(self, bucket: str) -> dict[str, tuple[bytes, int]]:
        self._check()
        if bucket not in self._buckets:
            msg = f"bucket {bucket} is not in the object store (NoSuchBucket)"
            raise ObjectMissing(msg)
        return self._buckets[bucket]

    def _check(self) -> None:
        if self.away:
            msg = "the object store is away: is it running?"
            raise StoreUnavailable(msg)


def _check_key(bucket: str, key: str) -> None:
    if not key or {".", ".."} & set(key.split("/")):
        msg = f"the object store refused {bucket}/{key!r}: a key has no empty, . or .. segment"
        raise StoreRefused(msg)


def _info(key: str, kept: tuple[bytes, int]) -> ObjectInfo:
    data, modified_us = kept
    return ObjectInfo(key, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest(), modified_us)
