"""An object store in a dictionary, that can be told to be away."""

import hashlib
import threading
from collections.abc import Iterable, Iterator

from vantage.errors import ObjectMissing, StoreUnavailable
from vantage.objects.port import ObjectInfo


class MemoryObjectStore:
    """Behaves as S3ObjectStore does, as far as the port says."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, dict[str, bytes]] = {}
        self.away = False

    def put(self, bucket: str, key: str, data: bytes, content_type: str = "application/octet-stream") -> ObjectInfo:  # noqa: ARG002
        """Write an object whole."""
        with self._lock:
            self._bucket(bucket)[key] = bytes(data)
        return _info(key, data)

    def get(self, bucket: str, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """The object's bytes from `offset`, exactly `length` of them (to its end without one)."""
        whole = self._object(bucket, key)
        data = whole[offset:] if length is None else whole[offset : offset + length]
        if offset >= len(whole) or (length is not None and len(data) != length):
            msg = f"{bucket}/{key} has {len(data)} bytes from {offset}, {length} were asked for: it is not whole"
            raise ObjectMissing(msg)
        return data

    def stat(self, bucket: str, key: str) -> ObjectInfo:
        """What the store knows of an object."""
        return _info(key, self._object(bucket, key))

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, in the order of their keys, after a key."""
        with self._lock:
            found = sorted(self._bucket(bucket).items())
        yield from (_info(key, data) for key, data in found if key.startswith(prefix) and key > start_after)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; it is no error if it is not there."""
        with self._lock:
            self._bucket(bucket).pop(key, None)

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects in bulk; those that are not there are no error."""
        for key in keys:
            self.delete(bucket, key)

    def ensure_bucket(self, bucket: str, *, lock: bool = False) -> None:  # noqa: ARG002
        """Make the bucket unless it is there."""
        self._check()
        self._buckets.setdefault(bucket, {})

    def _object(self, bucket: str, key: str) -> bytes:
        with self._lock:
            data = self._bucket(bucket).get(key)
        if data is None:
            msg = f"{bucket}/{key} is not in the object store (NoSuchKey)"
            raise ObjectMissing(msg)
        return data

    def _bucket(self, bucket: str) -> dict[str, bytes]:
        self._check()
        if bucket not in self._buckets:
            msg = f"bucket {bucket} is not in the object store (NoSuchBucket)"
            raise ObjectMissing(msg)
        return self._buckets[bucket]

    def _check(self) -> None:
        if self.away:
            msg = "the object store is away: is it running?"
            raise StoreUnavailable(msg)


def _info(key: str, data: bytes) -> ObjectInfo:
    return ObjectInfo(key, len(data), hashlib.md5(data, usedforsecurity=False).hexdigest(), 0)
