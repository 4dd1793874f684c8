"""The object store over S3, by minio-py: synchronous and thread-safe, so callers bring bounded threads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self

import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED

from vantage import metrics
from vantage.errors import ContentMismatch, ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects.file_bytes import FileBytes
from vantage.objects.port import ObjectInfo, Version
from vantage.objects.s3_put import S3Put
from vantage.settings import ServiceSettings

_MISSING = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "InvalidRange", "ObjectLockConfigurationNotFoundError"}
_MISMATCH = {"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"}
_BUSY = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"}
_KEPT = {"AccessDenied", "InvalidRequest", "ObjectLocked"}
_CONNECTIONS = 32
_TIMEOUT = urllib3.Timeout(connect=3, read=20)
_RETRIES = urllib3.Retry(
    total=2, backoff_factor=0.1, status_forcelist=[500, 502, 503, 504], respect_retry_after_header=False
)
_PAGE = 1000


class S3ObjectStore:
    """Plain S3: put, ranged get, list, delete, versioning and object lock; no notifications, no presigned links."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, *, secure: bool, region: str) -> None:
        self._endpoint = endpoint
        pool = urllib3.PoolManager(maxsize=_CONNECTIONS, block=True, timeout=_TIMEOUT, retries=_RETRIES)
        self.client = Minio(
            endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=region, http_client=pool
        )
        self._put = S3Put(pool, endpoint, access_key, secret_key, secure=secure, region=region)

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self:
        """The store that the settings name."""
        return cls(
            settings.s3_endpoint,
            settings.s3_access_key.get_secret_value(),
            settings.s3_secret_key.get_secret_value(),
            secure=settings.s3_secure,
            region=settings.s3_region,
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
        put: ObjectInfo = self._call(
            "put", bucket, key, lambda: self._put(bucket, key, data, content_type, sha256, lock_until_us=lock_until_us)
        )
        return put

    def get(
        self, bucket: str, key: str, offset: int = 0, length: int | None = None, *, version: str | None = None
    ) -> bytes:
        """The object's bytes from `offset`, exactly `length` of them (to its end without one)."""
        if length == 0:  # S3 has no empty range
            return b""
        data: bytes = self._call("get", bucket, key, lambda: self._read(bucket, key, offset, length or 0, version))
        if length is not None and len(data) != length:
            msg = f"{bucket}/{key} has {len(data)} bytes from {offset}, {length} were asked for: it is not whole"
            raise ObjectMissing(msg)
        return data

    def _read(self, bucket: str, key: str, offset: int, length: int, version: str | None) -> bytes:
        response = self.client.get_object(bucket, key, offset=offset, length=length, version_id=version)
        try:
            return bytes(response.data)
        finally:
            response.close()
            response.release_conn()

    def stat(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo:
        """What the store knows of an object."""
        return _info(self._call("stat", bucket, key, lambda: self.client.stat_object(bucket, key, version_id=version)))

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, in the order of their keys, after a key."""
        objects = self.client.list_objects(bucket, prefix=prefix, recursive=True, start_after=start_after or None)
        yield from map(_info, self._pages("list", bucket, prefix, objects))

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version under a prefix, marks of deletions among them, in the order of their keys."""
        objects = self.client.list_objects(bucket, prefix=prefix, recursive=True, include_version=True)
        yield from map(_info, self._pages("versions", bucket, prefix, objects))

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
        if failed := [one for one in failed if one.code not in _MISSING]:
            first = failed[0]
            msg = f"{bucket}: {len(failed)} objects were not deleted, the first is {first.name}: {first.message}"
            raise StoreUnavailable(msg) if first.code in _BUSY else StoreRefused(msg)

    def erase_many(self, bucket: str, versions: Iterable[Version]) -> Sequence[Version]:
        """Delete versions for good, in bulk; those that a lock keeps are returned."""
        objects = [DeleteObject(one.key, one.version) for one in versions]
        failed = self._call("erase_many", bucket, "*", lambda: list(self.client.remove_objects(bucket, objects)))
        kept = []
        for one in (one for one in failed if one.code not in _MISSING):
            version = Version(str(one.name), one.version_id)
            if one.code not in _KEPT or not self._is_kept(bucket, version):
                msg = f"{bucket}/{one.name} ({one.version_id}) was not deleted: {one.code}, {one.message}"
                raise StoreUnavailable(msg) if one.code in _BUSY else StoreRefused(msg)
            kept.append(version)
        return kept

    def _is_kept(self, bucket: str, version: Version) -> bool:
        """Whether a lock is the reason of a refusal: stores use the word for a missing right as well."""
        return version.version is not None and self.locked_until(bucket, version.key, version.version) is not None

    def lock(self, bucket: str, key: str, version: str, until_us: int) -> None:
        """Keep a version until then; a lock can be made longer and never shorter."""
        until = Retention(COMPLIANCE, datetime.fromtimestamp(until_us / 1e6, UTC))
        self._call("lock", bucket, key, lambda: self.client.set_object_retention(bucket, key, until, version))

    def locked_until(self, bucket: str, key: str, version: str) -> int | None:
        """Until when a lock keeps a version (UTC microseconds), or None."""
        ask = self.client.get_object_retention
        found: Retention | None = self._call("locked_until", bucket, key, lambda: ask(bucket, key, version))
        return None if found is None else round(found.retain_until_date.timestamp() * 1e6)

    def has_versions(self, bucket: str) -> bool:
        """Whether the bucket keeps versions, or kept them once."""
        found = self._call("has_versions", bucket, "", lambda: self.client.get_bucket_versioning(bucket))
        return bool(found.status in {ENABLED, SUSPENDED})

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

    def _call(self, name: str, bucket: str, key: str, call: Callable[[], Any]) -> Any:
        try:
            with metrics.STORE_SECONDS.labels(name).time():
                return call()
        except S3Error as error:
            raise self._mapped(name, bucket, key, error) from error
        except (urllib3.exceptions.HTTPError, ServerError, InvalidResponseError, OSError) as error:
            msg = f"the object store at {self._endpoint} cannot {name} {bucket}/{key}: {error}; is it running there?"
            raise StoreUnavailable(msg) from error
        except (MinioException, ValueError) as error:  # the latter for names that no store allows
            msg = f"the object store at {self._endpoint} refused to {name} {bucket}/{key}: {error}"
            raise StoreRefused(msg) from error

    def _mapped(self, name: str, bucket: str, key: str, error: S3Error) -> Exception:
        if error.code in _MISSING:
            return ObjectMissing(f"{bucket}/{key} is not in the object store at {self._endpoint} ({error.code})")
        if error.code in _MISMATCH:
            return ContentMismatch(f"{bucket}/{key} did not reach the object store as it was to be ({error.code})")
        if error.code in _BUSY:
            return StoreUnavailable(f"the object store at {self._endpoint} cannot {name} {bucket}/{key}: {error.code}")
        return StoreRefused(
            f"the object store at {self._endpoint} refused to {name} {bucket}/{key}: {error.code}, {error.message}; "
            "check the access key and what it may do"
        )


def _info(found: Object) -> ObjectInfo:
    modified = round(found.last_modified.timestamp() * 1e6) if found.last_modified else 0
    marker = bool(found.is_delete_marker)
    return ObjectInfo(str(found.object_name), found.size or 0, found.etag or "", modified, found.version_id, marker)
