"""The key that goes with a call, where the store is to encrypt: SSE-C of S3. The store forgets it with the call."""

from collections.abc import Callable
from typing import Any

from minio.sse import SseCustomerKey

from vantage.errors import StoreRefused
from vantage.objects.keyring import Keyring
from vantage.objects.s3_errors import S3Calls

_NOT_ENCRYPTED = {"InvalidRequest", "BadRequest"}  # to a read with a key; a wrong key is another refusal


class S3Secrets:
    """Keys for the calls to one store; without a keyring nothing is encrypted."""

    def __init__(self, keyring: Keyring | None, call: S3Calls) -> None:
        self._keyring = keyring
        self._call = call

    def for_put(self, bucket: str, key: str) -> SseCustomerKey | None:
        """The key to encrypt an object with. Raises what the keyring raises: nothing is written then."""
        return self._secret(bucket, key, make=True)

    def read(self, name: str, bucket: str, key: str, call: Callable[[SseCustomerKey | None], Any]) -> Any:
        """The answer to a call that needs an object's key.

        What was written before encryption was switched on is read without one, on that very day too: some stores
        refuse a key for it.
        """
        secret = self._secret(bucket, key, make=False)
        try:
            return self._call(name, bucket, key, lambda: call(secret))
        except StoreRefused as error:
            if secret is None or getattr(error.__cause__, "code", None) not in _NOT_ENCRYPTED:
                raise
            return self._call(name, bucket, key, lambda: call(None))

    def _secret(self, bucket: str, key: str, *, make: bool) -> SseCustomerKey | None:
        secret = self._keyring.key_for(bucket, key, make=make) if self._keyring else None
        return SseCustomerKey(secret) if secret else None
