"""What the unit tests of the gateway share: a provider with keys of its own, and parts in memory."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from vantage.contracts import AuditRecord, Camera
from vantage.testing import ManualClock
from vantage_api.domain.tail import Event
from vantage_api.errors import AuditUnavailable

ISSUER = "https://sign-in.test"
AUDIENCE = "urn:vantage:api"


class Provider:
    """A sign-in provider: keys that can turn, and a network that can be away."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.keys: list[ECKey | RSAKey] = [ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"}, auto_kid=False)]
        self.issuer = ISSUER
        self.away = False
        self.fetches = 0
        self.transport = httpx.MockTransport(self._answer)

    def turn_keys(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": f"rsa-{self.fetches}", "use": "sig"}, auto_kid=False)]

    def claims(self, **more: object) -> dict[str, object]:
        now = self._clock.now_us() // 1_000_000
        good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": now + 600, "iat": now, "roles": ["operator"]}
        return {name: value for name, value in {**good, **more}.items() if value is not None}

    def token(self, **more: object) -> str:
        key = self.keys[0]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        header = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}
        return jwt.encode(header, self.claims(**more), key)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            msg = "no route"
            raise httpx.ConnectError(msg)
        if request.url.path.endswith("/openid-configuration"):
            return httpx.Response(200, json={"issuer": self.issuer, "jwks_uri": f"{ISSUER}/jwks"})
        self.fetches += 1
        unknown = {"kty": "LATTICE", "kid": "later"}
        return httpx.Response(200, json={"keys": [*KeySet(list(self.keys)).as_dict(private=False)["keys"], unknown]})


class MemoryAudit:
    """The log of decisions, which can be away, or slow to confirm."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.waiting: list[Future[None]] = []
        self.away = self.slow = False

    def record(self, record: AuditRecord) -> "Future[None]":
        done: Future[None] = Future()
        if self.away:
            done.set_exception(AuditUnavailable("kafka:9092 is away"))
            return done
        self.records.append(record)
        if self.slow:
            self.waiting.append(done)
        else:
            done.set_result(None)
        return done


class MemoryCameras:
    """The register, without an event log."""

    def __init__(self) -> None:
        self.rows: dict[str, Camera] = {}

    def get(self, camera_id: str) -> Camera | None:
        return self.rows.get(camera_id)

    def all(self) -> Sequence[Camera]:
        return list(self.rows.values())


class MemoryAlerts:
    """The index of alerts, which can be away."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []
        self.failure: Exception | None = None

    def list(self, query: object) -> Sequence[Mapping[str, Any]]:
        if self.failure:
            raise self.failure
        return self.rows

    def get(self, alert_id: str) -> Mapping[str, Any] | None:
        return next((row for row in self.rows if row["alert_id"] == alert_id), None)


class MemoryArchive:
    """All of the topic from `first` on, as `event` makes it."""

    def __init__(self, first: int, end: int, event: Callable[[int], Event]) -> None:
        self.first, self.end, self._event = first, end, event
        self.opened = 0

    def bounds(self) -> tuple[int, int]:
        return self.first, self.end

    def open(self, offset: int) -> "MemoryReader":
        self.opened += 1
        return MemoryReader(offset, self._event)


class MemoryReader:
    def __init__(self, offset: int, event: Callable[[int], Event]) -> None:
        self._next, self._event = offset, event

    def read(self, stop: int, most: int) -> tuple[list[Event], int]:
        upto = min(stop, self._next + most)
        found = [self._event(offset) for offset in range(self._next, upto)]
        self._next = upto
        return found, upto

    def close(self) -> None:
        pass


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def provider(clock: ManualClock) -> Provider:
    return Provider(clock)


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def cameras() -> MemoryCameras:
    return MemoryCameras()


@pytest.fixture
def alert_index() -> MemoryAlerts:
    return MemoryAlerts()


@pytest.fixture
def make_archive() -> type[MemoryArchive]:
    return MemoryArchive
