"""PutObject in one request that reads the content once.

minio-py hashes a body for itself, also where its caller has the digest already, and cannot be told of one. Over TLS it
sends an MD5. So this request alone is built here, of minio-py's own parts: addresses, signatures and errors.
"""

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import urlunsplit

import urllib3
from minio import time
from minio.commonconfig import COMPLIANCE
from minio.credentials.credentials import Credentials
from minio.error import InvalidResponseError, S3Error
from minio.helpers import BaseURL, check_bucket_name, check_object_name
from minio.signer import sign_v4_s3

from vantage.objects.file_bytes import FileBytes
from vantage.objects.port import UNCHECKED, ObjectInfo

_OK = 200


class S3Put:
    """Writes objects whole. Safe to use from several threads, as the pool is."""

    def __init__(
        self, pool: urllib3.PoolManager, endpoint: str, access_key: str, secret_key: str, *, secure: bool, region: str
    ) -> None:
        self._pool = pool
        self._region = region
        self._url = BaseURL(f"{'https' if secure else 'http'}://{endpoint}", region)
        self._credentials = Credentials(access_key, secret_key)

    def __call__(
        self,
        bucket: str,
        key: str,
        data: bytes | FileBytes,
        content_type: str,
        sha256: str | None,
        *,
        lock_until_us: int | None = None,
    ) -> ObjectInfo:
        """Write an object. Raises S3Error, urllib3's errors, ValueError for a name, ContentUnreadable."""
        check_bucket_name(bucket)
        check_object_name(key)
        url = self._url.build(method="PUT", region=self._region, bucket_name=bucket, object_name=key)
        moment = time.utcnow()
        signed = sign_v4_s3(
            method="PUT",
            url=url,
            region=self._region,
            headers={
                **_headers(url.netloc, data, content_type, sha256),
                **_lock(lock_until_us),
                "x-amz-date": time.to_amz_date(moment),
            },
            credentials=self._credentials,
            content_sha256=UNCHECKED,
            date=moment,
        )
        response = self._pool.urlopen("PUT", urlunsplit(url), body=data, headers=signed)
        if response.status != _OK:
            raise _error(response)
        version = response.headers.get("x-amz-version-id")
        return ObjectInfo(key, len(data), response.headers.get("etag", "").replace('"', ""), 0, version)


def _headers(
    host: str, data: bytes | FileBytes, content_type: str, sha256: str | None
) -> dict[str, str | list[str] | tuple[str]]:
    """What is signed. The digest goes as a checksum, which each store compares; not all compare the payload's hash."""
    headers: dict[str, str | list[str] | tuple[str]] = {
        "Host": host,
        "Content-Length": str(len(data)),
        "Content-Type": content_type,
        "x-amz-content-sha256": UNCHECKED,
    }
    if sha256 != UNCHECKED:
        digest = bytes.fromhex(_digest(data) if sha256 is None else sha256)
        headers["x-amz-checksum-sha256"] = base64.b64encode(digest).decode()
    return headers


def _lock(until_us: int | None) -> dict[str, str | list[str] | tuple[str]]:
    """A version is locked by the request that writes it, so that there is no moment at which it is not."""
    if until_us is None:
        return {}
    until = time.to_iso8601utc(datetime.fromtimestamp(until_us / 1e6, UTC))
    return {"x-amz-object-lock-mode": COMPLIANCE, "x-amz-object-lock-retain-until-date": str(until)}


def _digest(data: bytes | FileBytes) -> str:
    return data.sha256() if isinstance(data, FileBytes) else hashlib.sha256(data).hexdigest()


def _error(response: urllib3.BaseHTTPResponse) -> Exception:
    """The store's own word, where it gives one."""
    kind = response.headers.get("content-type", "")
    if "xml" in kind and response.data:
        return S3Error.fromxml(response)
    return InvalidResponseError(response.status, kind, response.data.decode(errors="replace"))
