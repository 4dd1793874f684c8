"""The provider's public keys: found by discovery, kept for a while, fetched again when a token names one we lack.

Keys are fetched anew after five minutes. While the provider is away the last ones go on for an hour, so that a short
absence signs nobody out; after that nothing is served. A token that names an unknown key makes one fetch at most each
ten seconds, so that made-up tokens cannot be used against the provider.
"""

import threading
from typing import Any

import httpx
import structlog
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet

from vantage.clock import Clock
from vantage_api.errors import ProviderUnavailable

_log = structlog.get_logger()
_FRESH_S = 300.0
_USABLE_S = 3_600.0
_UNKNOWN_S = 10.0
_RETRY_S = 1.0
_TIMEOUT_S = 3.0
_MOST_BYTES = 1_000_000


class ProviderKeys:
    """The keys of one issuer. Safe to use from several threads; one of them fetches."""

    def __init__(self, issuer: str, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._issuer = issuer
        self._clock = clock
        self._client = httpx.Client(timeout=_TIMEOUT_S, trust_env=False, transport=transport)
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._failure = "not asked yet"

    def get(self, kid: str | None) -> Key:
        """The key of that id. Raises InvalidKeyIdError where the provider has none, ProviderUnavailable."""
        keys = self.current()
        try:
            return keys.get_by_kid(kid)
        except InvalidKeyIdError:
            return self._fetched_again(_UNKNOWN_S).get_by_kid(kid)

    def current(self) -> KeySet:
        """The keys, fetched where it is time. Raises ProviderUnavailable where those we have are too old."""
        now = self._clock.monotonic()
        if self._keys is not None and now - self._fetched_at < _FRESH_S:
            return self._keys
        return self._fetched_again(_RETRY_S)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fetched_again(self, pause_s: float) -> KeySet:
        """The keys after a fetch, unless the last one was less than `pause_s` ago."""
        with self._lock:
            if self._clock.monotonic() - self._tried_at >= pause_s:
                self._fetch()
            if self._keys is None or self._clock.monotonic() - self._fetched_at > _USABLE_S:
                msg = f"the sign-in provider {self._issuer} gives no keys: {self._failure}; check that it runs there"
                raise ProviderUnavailable(msg)
            return self._keys

    def _fetch(self) -> None:
        self._tried_at = self._clock.monotonic()
        try:
            found = self._json(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != self._issuer:
                self._failed(f"it says that its issuer is {found.get('issuer')!r}")
                return
            self._keys = KeySet.import_key_set(self._json(str(found["jwks_uri"])))  # type: ignore[arg-type]
            self._fetched_at = self._clock.monotonic()
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            self._failed(f"{type(error).__name__}: {error}")

    def _failed(self, why: str) -> None:
        self._failure = why
        _log.warning("the sign-in provider's keys cannot be fetched", issuer=self._issuer, reason=why)

    def _json(self, address: str) -> dict[str, Any]:
        answer = self._client.get(address).raise_for_status()
        if len(answer.content) > _MOST_BYTES:
            msg = f"{address} answers with {len(answer.content)} bytes"
            raise ValueError(msg)
        found = answer.json()
        if not isinstance(found, dict):
            msg = f"{address} answers with something else than a JSON object"
            raise TypeError(msg)
        return found
