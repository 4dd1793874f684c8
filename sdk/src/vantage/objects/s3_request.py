"""A signed request of S3, for what minio-py does otherwise than it is needed here.

Addresses, signatures and errors are minio-py's own parts.
"""

from collections.abc import Mapping
from urllib.parse import urlunsplit

import urllib3
from minio import time
from minio.credentials.credentials import Credentials
from minio.error import InvalidResponseError, S3Error
from minio.helpers import BaseURL, check_bucket_name, check_object_name
from minio.signer import sign_v4_s3

from vantage.objects.file_bytes import FileBytes
from vantage.objects.port import UNCHECKED

_DONE = range(200, 300)
_Headers = dict[str, str | list[str] | tuple[str]]


class S3Request:
    """Sends requests to one store. Safe to use from several threads, as the pool is."""

    def __init__(
        self, pool: urllib3.PoolManager, endpoint: str, access_key: str, secret_key: str, *, secure: bool, region: str
    ) -> None:
        self._pool = pool
        self._region = region
        self._url = BaseURL(f"{'https' if secure else 'http'}://{endpoint}", region)
        self._credentials = Credentials(access_key, secret_key)

    def __call__(
        self,
        method: str,
        bucket: str,
        key: str | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | FileBytes | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """The store's answer, read whole. Raises S3Error, urllib3's errors, ValueError for a name."""
        check_bucket_name(bucket)
        if key is not None:
            check_object_name(key)
        words: _Headers = dict(query or {})
        url = self._url.build(
            method=method, region=self._region, bucket_name=bucket, object_name=key, query_params=words
        )
        moment = time.utcnow()
        unsigned: _Headers = {
            **(headers or {}),
            "Host": url.netloc,
            "x-amz-content-sha256": UNCHECKED,
            "x-amz-date": time.to_amz_date(moment),
        }
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self._region,
            headers=unsigned,
            credentials=self._credentials,
            content_sha256=UNCHECKED,
            date=moment,
        )
        response = self._pool.urlopen(method, urlunsplit(url), body=body, headers=signed)
        if response.status not in _DONE:
            raise _error(response)
        return response


def _error(response: urllib3.BaseHTTPResponse) -> Exception:
    """The store's own word, where it gives one."""
    kind = response.headers.get("content-type", "")
    if "xml" in kind and response.data:
        return S3Error.fromxml(response)
    return InvalidResponseError(response.status, kind, response.data.decode(errors="replace"))
