"""What the store's refusals come to in the SDK's errors: missing, other bytes, try again, or do not."""

from collections.abc import Callable
from typing import Any

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from vantage import metrics
from vantage.errors import ContentMismatch, ObjectMissing, StoreRefused, StoreUnavailable, VantageError

MISSING = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "InvalidRange", "ObjectLockConfigurationNotFoundError"}
"""What was asked for is not there; no error where it was to be deleted."""
_NO_BYTES = {"MethodNotAllowed"}  # the version that was asked for is the mark of a deletion
_MISMATCH = {"BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"}
_BUSY = {
    "IncompleteBody",  # the length is always told and kept: MinIO says so as its disk fills up
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "XMinioStorageFull",
}
_OWN_FAULT = 500


class S3Calls:
    """Makes calls to one store, each of them measured, and raises the SDK's errors alone."""

    def __init__(self, endpoint: str) -> None:
        self._store = f"the object store at {endpoint}"

    def __call__(self, name: str, bucket: str, key: str, call: Callable[[], Any]) -> Any:
        """The call's answer. `name` is what it is to do, in the log and in the metric."""
        try:
            with metrics.STORE_SECONDS.labels(name).time():
                return call()
        except S3Error as error:
            raise self._mapped(name, bucket, key, error) from error
        except (urllib3.exceptions.HTTPError, ServerError, InvalidResponseError, OSError) as error:
            msg = f"{self._store} cannot {name} {bucket}/{key}: {error}; is it running there?"
            raise StoreUnavailable(msg) from error
        except (MinioException, ValueError) as error:  # the latter for names that no store allows
            msg = f"{self._store} refused to {name} {bucket}/{key}: {error}"
            raise StoreRefused(msg) from error

    def _mapped(self, name: str, bucket: str, key: str, error: S3Error) -> VantageError:
        if error.code in MISSING | _NO_BYTES:
            return ObjectMissing(f"{bucket}/{key} is not in {self._store.removeprefix('the ')} ({error.code})")
        if error.code in _MISMATCH:
            return ContentMismatch(f"{bucket}/{key} did not reach {self._store} as it was to be ({error.code})")
        if is_busy(str(error.code), error.response.status):
            return StoreUnavailable(f"{self._store} cannot {name} {bucket}/{key}: {error.code}, {error.message}")
        return StoreRefused(
            f"{self._store} refused to {name} {bucket}/{key}: {error.code}, {error.message}; "
            "check the access key and what it may do"
        )


def is_busy(code: str, status: int = 0) -> bool:
    """Whether the store may do later what it did not do now: it is overloaded, full or broken, by its own word."""
    return code in _BUSY or status >= _OWN_FAULT
