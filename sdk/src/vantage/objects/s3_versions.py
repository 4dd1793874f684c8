"""Versions, and the locks that keep them: listed in order, deleted for good, kept until a time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED
from minio.datatypes import Object, parse_list_objects
from minio.deleteobjects import DeleteError, DeleteObject
from minio.error import S3Error
from minio.retention import Retention
from minio.versioningconfig import SUSPENDED

from vantage.errors import StoreRefused, StoreUnavailable
from vantage.objects.port import ObjectInfo, Version
from vantage.objects.s3_errors import MISSING, S3Calls, is_busy
from vantage.objects.s3_request import S3Request

_KEPT = {"AccessDenied", "InvalidRequest", "ObjectLocked"}
_NO_LOCK = "ObjectLockConfigurationNotFoundError"  # SeaweedFS's word for an object that has none
_SECOND_US = 1_000_000
_PAGE = 1000


class S3Versions:
    """What S3ObjectStore does with versions. Safe to use from several threads."""

    def __init__(self, client: Minio, call: S3Calls, request: S3Request) -> None:
        self._client = client
        self._call = call
        self._request = request

    def list(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """Every version under a prefix, folder by folder.

        A list of versions through many folders is not to be trusted: where the name of one folder begins another's,
        SeaweedFS leaves out what lies at the end of a page. One without folders in it is whole everywhere.
        """
        for one in self._level(bucket, prefix):
            if one.last_modified is None:
                yield from self.list(bucket, str(one.object_name))
            else:
                yield info(one)

    def _level(self, bucket: str, prefix: str) -> Iterator[Object]:
        """The versions of the objects in a folder and the folders in it, each once, by their keys page by page.

        A page may end anywhere among names that begin alike, so the next one begins after the last name without its
        slash. minio-py gives the marks of a page after its versions, and so do some stores.
        """
        query = {"versions": "", "delimiter": "/", "encoding-type": "url", "max-keys": str(_PAGE), "prefix": prefix}
        folders: set[str] = set()
        more = True
        while more:
            answer = self._call("versions", bucket, prefix, partial(self._request, "GET", bucket, query=query))
            page, more, key_marker, version_marker = parse_list_objects(answer)
            for one in sorted(page, key=_key):
                if one.last_modified is not None or one.object_name not in folders:
                    yield one
            folders |= {str(one.object_name) for one in page if one.last_modified is None}
            last = max((str(one.object_name).rstrip("/") for one in page), default="")
            if f"{last}/" in folders and last != query.get("key-marker"):
                key_marker, version_marker = last, ""
            query |= {"key-marker": key_marker or "", "version-id-marker": version_marker or ""}

    def erase(self, bucket: str, versions: Iterable[Version]) -> Sequence[Version]:
        """Delete versions for good, in bulk; those that a lock keeps are returned."""
        objects = [DeleteObject(one.key, one.version) for one in versions]
        failed = self._call("erase_many", bucket, "*", lambda: list(self._client.remove_objects(bucket, objects)))
        return [self._kept(bucket, one) for one in failed if one.code not in MISSING]

    def _kept(self, bucket: str, failed: DeleteError) -> Version:
        """The version, where a lock is the reason: stores use the same words for a missing right."""
        one = Version(str(failed.name), failed.version_id)
        if failed.code in _KEPT and one.version and self.locked_until(bucket, one.key, one.version) is not None:
            return one
        msg = f"{bucket}/{one.key} ({one.version}) was not deleted: {failed.code}, {failed.message}"
        raise StoreUnavailable(msg) if is_busy(failed.code) else StoreRefused(msg)

    def lock(self, bucket: str, key: str, version: str, until_us: int) -> None:
        """Keep a version until then; a lock can be made longer and never shorter."""
        until = Retention(COMPLIANCE, lock_end(until_us))
        self._call("lock", bucket, key, lambda: self._client.set_object_retention(bucket, key, until, version))

    def locked_until(self, bucket: str, key: str, version: str) -> int | None:
        """Until when a lock keeps a version (UTC microseconds), or None."""
        found: Retention | None = self._call("locked_until", bucket, key, lambda: self._retention(bucket, key, version))
        return None if found is None else round(found.retain_until_date.timestamp() * _SECOND_US)

    def _retention(self, bucket: str, key: str, version: str) -> Retention | None:
        try:
            return self._client.get_object_retention(bucket, key, version)
        except S3Error as error:
            if error.code == _NO_LOCK:
                return None
            raise

    def are_kept(self, bucket: str) -> bool:
        """Whether the bucket keeps versions, or kept them once."""
        found = self._call("has_versions", bucket, "", lambda: self._client.get_bucket_versioning(bucket))
        return found.status in {ENABLED, SUSPENDED}


def lock_end(until_us: int) -> datetime:
    """The whole second at or after a time (UTC microseconds): some stores cut the rest off, and would let go early."""
    return datetime.fromtimestamp(-(-until_us // _SECOND_US), UTC)


def _key(one: Object) -> bytes:
    return str(one.object_name).encode()


def info(found: Object) -> ObjectInfo:
    """What the port says of an object that the store has told of."""
    modified = round(found.last_modified.timestamp() * 1e6) if found.last_modified else 0
    marker = bool(found.is_delete_marker)
    return ObjectInfo(str(found.object_name), found.size or 0, found.etag or "", modified, found.version_id, marker)
