"""The keyring that asks the custodian (services/keys), and keeps what it was told for a while."""

import base64
import json
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import urllib3

from vantage import metrics
from vantage.errors import KeyDestroyed, KeysUnavailable, StartupError, StoreRefused
from vantage.key_ids import key_id
from vantage.settings import ServiceSettings

_TIMEOUT = urllib3.Timeout(connect=3, read=20)
_RETRIES = urllib3.Retry(total=1, backoff_factor=0.1, allowed_methods=None, redirect=0)
_CONNECTIONS = 8
_KEPT = 256  # a reader of a year's evidence and footage at once; 32 bytes each
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class HttpKeyring:
    """Keys from the custodian at `url`, asked for with this service's token.

    A key is kept for `fresh_s`: so long may it be used after its destruction. Where the custodian is away, a writer
    goes on with a key that it had, however old: recording must not stop, and what it writes is nobody's to read until
    the custodian says so. A reader does not.
    """

    def __init__(self, url: str, token: str, *, ca: Path | None = None, fresh_s: float) -> None:
        self._url = url.rstrip("/")
        self._fresh_s = fresh_s
        self._headers = {"Authorization": f"Bearer {token}"}
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS, timeout=_TIMEOUT, retries=_RETRIES, ca_certs=str(ca) if ca else None
        )
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self | None:
        """The keyring that the settings name, or None where encryption at rest is off.

        Raises StartupError where a key, or the token for it, would cross a network in the clear.
        """
        url, token = settings.keys_url, settings.keys_token.get_secret_value()
        if not url:
            return None
        if not token:
            msg = "VANTAGE_KEYS_URL is set without VANTAGE_KEYS_TOKEN: set this service's own token of the custodian"
            raise StartupError(msg)
        if not settings.s3_secure:
            msg = "VANTAGE_KEYS_URL is set while VANTAGE_S3_SECURE is false: a key goes to the store over TLS alone"
            raise StartupError(msg)
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            msg = f"VANTAGE_KEYS_URL is {url!r}: a key crosses a network over TLS alone, write https://"
            raise StartupError(msg)
        return cls(url, token, ca=settings.keys_ca, fresh_s=settings.keys_fresh_seconds)

    def key_for(self, bucket: str, key: str, *, make: bool = False) -> bytes | None:
        """The key for an object; kept for a while."""
        try:
            name = key_id(bucket, key)
        except StoreRefused:
            if make:
                raise
            return None  # nothing was ever encrypted there
        kept = self._look_up(name)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        try:
            found = self._ask(name, make=make)
        except KeysUnavailable:
            if kept is not None and make:
                return kept[0]
            raise
        except (StoreRefused, KeyDestroyed):
            self._forget(name)
            raise
        if found is not None:
            self._keep(name, found)
        return found

    def destroy(self, key_id: str) -> None:
        """Destroy a key for good."""
        self._forget(key_id)
        status, answer = self._send("DELETE", key_id)
        if status != 204:
            raise self._refusal(key_id, status, answer)

    def _ask(self, name: str, *, make: bool) -> bytes | None:
        status, answer = self._send("POST" if make else "GET", name)
        if status == 404:
            return None
        if status != 200:
            raise self._refusal(name, status, answer)
        return base64.b64decode(str(answer["key"]), validate=True)

    def _send(self, method: str, name: str) -> tuple[int, dict[str, Any]]:
        try:
            with metrics.STORE_SECONDS.labels("key").time():
                answer = self._pool.request(method, f"{self._url}/v1/keys/{name}", headers=self._headers)
            return answer.status, json.loads(answer.data) if answer.data else {}
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            msg = f"the custodian at {self._url} does not give key {name}: {error}; is it running there?"
            raise KeysUnavailable(msg) from error

    def _refusal(self, name: str, status: int, answer: dict[str, Any]) -> Exception:
        reason = f"{status}, {answer.get('detail', 'without a reason')}"
        if status == 410:
            return KeyDestroyed(f"key {name} was destroyed: what it encrypts cannot be read again ({reason})")
        if status >= 500:
            return KeysUnavailable(f"the custodian at {self._url} does not give key {name} now: {reason}")
        return StoreRefused(f"the custodian at {self._url} refused key {name}: {reason}")

    def _look_up(self, name: str) -> tuple[bytes, float] | None:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def _keep(self, name: str, found: bytes) -> None:
        with self._lock:
            self._kept[name] = (found, time.monotonic() + self._fresh_s)
            self._kept.move_to_end(name)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._kept.pop(name, None)
