"""The object store over S3, by minio-py: synchronous and thread-safe, so callers bring bounded threads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Self

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.sse import SseCustomerKey

from vantage.errors import ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects.file_bytes import FileBytes
from vantage.objects.http_keyring import HttpKeyring
from vantage.objects.keyring import Keyring
from vantage.objects.port import UNNAMED, ObjectInfo, Version
from vantage.objects.s3_errors import MISSING, S3Calls, is_busy
from vantage.objects.s3_put import S3Put
from vantage.objects.s3_request import S3Request
from vantage.objects.s3_secrets import S3Secrets
from vantage.objects.s3_versions import S3Versions, info
from vantage.settings import ServiceSettings

_CONNECTIONS = 32
_TIMEOUT = urllib3.Timeout(connect=3, read=20)
_RETRIES = urllib3.Retry(
    total=2, backoff_factor=0.1, status_forcelist=[500, 502, 503, 504], respect_retry_after_header=False
)
_PAGE = 1000


class S3ObjectStore:
    """Plain S3: put, ranged get, list, delete, versioning and object lock; no notifications, no presigned links.

    With a keyring every object is encrypted by the store with a key that it is given for the call alone.
    """

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        *,
        secure: bool,
        region: str,
        ca: Path | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self._endpoint = endpoint
        self.keyring = keyring
        pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            block=True,
            timeout=_TIMEOUT,
            retries=_RETRIES,
            ca_certs=str(ca) if ca else None,
        )
        self.client = Minio(
            endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=region, http_client=pool
        )
        request = S3Request(pool, endpoint, access_key, secret_key, secure=secure, region=region)
        self._call = S3Calls(endpoint)
        self._secrets = S3Secrets(keyring, self._call)
        self._put = S3Put(request)
        self._versions = S3Versions(self.client, self._call, request)

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self:
        """The store that the settings name."""
        return cls(
            settings.s3_endpoint,
            settings.s3_access_key.get_secret_value(),
            settings.s3_secret_key.get_secret_value(),
            secure=settings.s3_secure,
            region=settings.s3_region,
            ca=settings.s3_ca,
            keyring=HttpKeyring.from_settings(settings),
        )

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes | FileBytes,
        content_type: str = "application/octet-stream",
        *,
        sha256: str | None = None,
        lock_until_us: int | None = None,
    ) -> ObjectInfo:
        """Write an object whole, in one request: the number of them, not their size, is the cost."""
        secret = self._secrets.for_put(bucket, key)
        put: ObjectInfo = self._call(
            "put",
            bucket,
            key,
            lambda: self._put(bucket, key, data, content_type, sha256, lock_until_us=lock_until_us, secret=secret),
        )
        return put

    def get(
        self, bucket: str, key: str, offset: int = 0, length: int | None = None, *, version: str | None = None
    ) -> bytes:
        """The object's bytes from `offset`, exactly `length` of them (to its end without one)."""
        if length == 0:  # S3 has no empty range
            return b""
        data: bytes = self._secrets.read(
            "get", bucket, key, lambda secret: self._read(bucket, key, secret, (offset, length or 0), version)
        )
        if length is not None and len(data) != length:
            msg = f"{bucket}/{key} has {len(data)} bytes from {offset}, {length} were asked for: it is not whole"
            raise ObjectMissing(msg)
        return data

    def _read(
        self, bucket: str, key: str, secret: SseCustomerKey | None, span: tuple[int, int], version: str | None
    ) -> bytes:
        response = self.client.get_object(bucket, key, *span, ssec=secret, version_id=version)
        try:
            return bytes(response.data)
        finally:
            response.close()
            response.release_conn()

    def stat(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo:
        """What the store knows of an object."""
        return info(
            self._secrets.read(
                "stat",
                bucket,
                key,
                lambda secret: self.client.stat_object(bucket, key, secret, version_id=version),
            )
        )

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, in the order of their keys, after a key."""
        objects = self.client.list_objects(bucket, prefix=prefix, recursive=True, start_after=start_after or None)
        yield from map(info, self._pages("list", bucket, prefix, objects))

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version under a prefix, marks of deletions among them, in the order of their keys."""
        if self.has_versions(bucket):
            yield from self._versions.list(bucket, prefix)
        else:
            yield from (replace(one, version=UNNAMED) for one in self.list(bucket, prefix))

    def folders(self, bucket: str, prefix: str = "") -> Iterator[str]:
        """The prefixes one level below a prefix, in order."""
        objects = self.client.list_objects(bucket, prefix=prefix)
        found = self._pages("folders", bucket, prefix, objects)
        yield from (str(one.object_name) for one in found if one.is_dir)

    def _pages(self, name: str, bucket: str, prefix: str, objects: Iterator[Object]) -> Iterator[Object]:
        while page := self._call(name, bucket, prefix, lambda: list(islice(objects, _PAGE))):
            yield from page

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; it is no error if it is not there."""
        self._call("delete", bucket, key, lambda: self.client.remove_object(bucket, key))

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects in bulk; those that are not there are no error."""
        objects = [DeleteObject(key) for key in keys]
        failed = self._call("delete_many", bucket, "*", lambda: list(self.client.remove_objects(bucket, objects)))
        if failed := [one for one in failed if one.code not in MISSING]:
            first = failed[0]
            msg = f"{bucket}: {len(failed)} objects were not deleted, the first is {first.name}: {first.message}"
            raise StoreUnavailable(msg) if is_busy(first.code) else StoreRefused(msg)

    def erase_many(self, bucket: str, versions: Iterable[Version]) -> Sequence[Version]:
        """Delete versions for good, in bulk; those that a lock keeps are returned."""
        return self._versions.erase(bucket, versions)

    def lock(self, bucket: str, key: str, version: str, until_us: int) -> None:
        """Keep a version until then; a lock can be made longer and never shorter."""
        self._versions.lock(bucket, key, version, until_us)

    def locked_until(self, bucket: str, key: str, version: str) -> int | None:
        """Until when a lock keeps a version (UTC microseconds), or None."""
        return self._versions.locked_until(bucket, key, version)

    def has_versions(self, bucket: str) -> bool:
        """Whether the bucket keeps versions, or kept them once."""
        return self._versions.are_kept(bucket)

    def ensure_bucket(self, bucket: str, *, lock: bool = False) -> None:
        """Make the bucket unless it is there; a lock can be given to a bucket only when it is made."""
        if not self._is_there(bucket):
            try:
                self._call("ensure_bucket", bucket, "", lambda: self.client.make_bucket(bucket, object_lock=lock))
            except StoreRefused:  # another replica was quicker
                if not self._is_there(bucket):
                    raise
        if lock and not self._is_locked(bucket):
            msg = f"bucket {bucket} at {self._endpoint} was made without object lock: name another, or make it anew"
            raise StoreRefused(msg)

    def _is_there(self, bucket: str) -> bool:
        return bool(self._call("ensure_bucket", bucket, "", lambda: self.client.bucket_exists(bucket)))

    def _is_locked(self, bucket: str) -> bool:
        try:
            self._call("ensure_bucket", bucket, "", lambda: self.client.get_object_lock_config(bucket))
        except ObjectMissing:
            return False
        return True
