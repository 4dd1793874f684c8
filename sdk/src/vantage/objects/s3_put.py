"""PutObject in one request that reads the content once.

minio-py hashes a body for itself, also where its caller has the digest already, and cannot be told of one. Over TLS it
sends an MD5.
"""

import base64
import hashlib

from minio import time
from minio.commonconfig import COMPLIANCE
from minio.sse import SseCustomerKey

from vantage.objects.file_bytes import FileBytes
from vantage.objects.port import UNCHECKED, ObjectInfo
from vantage.objects.s3_request import S3Request
from vantage.objects.s3_versions import lock_end


class S3Put:
    """Writes objects whole. Safe to use from several threads, as the request is."""

    def __init__(self, request: S3Request) -> None:
        self._request = request

    def __call__(
        self,
        bucket: str,
        key: str,
        data: bytes | FileBytes,
        content_type: str,
        sha256: str | None,
        *,
        lock_until_us: int | None = None,
        secret: SseCustomerKey | None = None,
    ) -> ObjectInfo:
        """Write an object. Raises S3Error, urllib3's errors, ValueError for a name, ContentUnreadable."""
        headers = {
            **_headers(data, content_type, sha256),
            **_lock(lock_until_us),
            **(secret.headers() if secret else {}),
        }
        response = self._request("PUT", bucket, key, headers=headers, body=data)
        version = response.headers.get("x-amz-version-id")
        return ObjectInfo(key, len(data), response.headers.get("etag", "").replace('"', ""), 0, version)


def _headers(data: bytes | FileBytes, content_type: str, sha256: str | None) -> dict[str, str]:
    """What is signed. The digest goes as a checksum, which each store compares; not all compare the payload's hash."""
    headers = {"Content-Length": str(len(data)), "Content-Type": content_type}
    if sha256 != UNCHECKED:
        digest = bytes.fromhex(_digest(data) if sha256 is None else sha256)
        headers["x-amz-checksum-sha256"] = base64.b64encode(digest).decode()
    return headers


def _lock(until_us: int | None) -> dict[str, str]:
    """A version is locked by the request that writes it, so that there is no moment at which it is not."""
    if until_us is None:
        return {}
    until = time.to_iso8601utc(lock_end(until_us))
    return {"x-amz-object-lock-mode": COMPLIANCE, "x-amz-object-lock-retain-until-date": str(until)}


def _digest(data: bytes | FileBytes) -> str:
    return data.sha256() if isinstance(data, FileBytes) else hashlib.sha256(data).hexdigest()
