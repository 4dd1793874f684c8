"""How the gateway looks over HTTP: problems, headers, and a document that is true."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client import REGISTRY

from vantage.contracts import Camera
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source, Zone
from vantage.errors import StoreUnavailable
from vantage.postgres import DatabaseUnavailable
from vantage_api.adapters.provider_keys import ProviderKeys
from vantage_api.adapters.tokens import JwtTokens
from vantage_api.doorkeeper import Doorkeeper
from vantage_api.errors import Damaged, IndexMissing, NotFollowing, Overloaded
from vantage_api.feed import Feed
from vantage_api.gateway import Gateway, Work
from vantage_api.hub import AlertHub
from vantage_api.settings import ApiSettings
from vantage_api.web.alerts import EventStream
from vantage_api.web.app import build, describe
from vantage_api.web.edge import console_policy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, MutableMapping

    from tests.unit.api.conftest import MemoryAlerts, MemoryAudit, MemoryCameras, Provider
    from vantage.testing import ManualClock

ISSUER = "https://sign-in.test"
DOCUMENT = Path(__file__).resolve().parents[3] / "services" / "api" / "openapi.json"
ROW = {
    "alert_id": "alr_1",
    "revision": 2,
    "state": "raised",
    "active": True,
    "rule_id": "steps",
    "rule_version": 1,
    "rule_type": "intrusion",
    "camera_id": "hk1.pier-9",
    "zone_id": None,
    "severity": "moderate",
    "title": "Somebody on the steps",
    "raised_at_us": 10,
    "changed_at_us": 12,
    "window_start_us": 8,
    "evidence": {"at": 9, "fragment_id": "frg_1", "count": 1},
    "peak": 3,
    "place": None,
    "actor": None,
    "reason": None,
}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(
        kafka_bootstrap="kafka:9092",
        s3_endpoint="store:9000",
        s3_access_key="key",
        s3_secret_key="secret",
        postgres_dsn="postgresql://db",
        api_oidc_issuer=ISSUER,
    )


@pytest.fixture
def gateway(  # noqa: PLR0917
    settings: ApiSettings,
    clock: ManualClock,
    provider: Provider,
    audit: MemoryAudit,
    cameras: MemoryCameras,
    alert_index: MemoryAlerts,
) -> Gateway:
    missing: Any = None  # of the parts that these tests do not come to
    work = Work.of(1)
    return Gateway(
        settings=settings,
        clock=clock,
        tokens=JwtTokens(ProviderKeys(ISSUER, clock, provider.transport), ISSUER, "urn:vantage:api", clock),
        doorkeeper=Doorkeeper(audit, clock),
        cameras=cameras,
        alerts=alert_index,
        feed=Feed(AlertHub(10, 10, 10), missing, work.resume),
        viewing=missing,
        work=work,
    )


@pytest.fixture
async def http(gateway: Gateway, provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(gateway), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {provider.token()}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client
    gateway.work.stop()


class TestDocument:
    def test_the_committed_document_is_what_the_gateway_offers(self) -> None:
        written = json.loads(DOCUMENT.read_text())
        assert written == json.loads(json.dumps(describe())), "run `vantage-api openapi > services/api/openapi.json`"

    def test_every_route_but_the_configuration_wants_a_token_and_says_how_it_refuses(self) -> None:
        paths = describe()["paths"]
        routes = {(path, verb): route for path, verbs in paths.items() for verb, route in verbs.items()}
        assert ("/v1/alerts/stream", "get") in routes
        for (path, _), route in routes.items():
            assert route["summary"]
            if path != "/v1/config":
                assert route["security"] == [{"token": []}], path
                assert {"401", "403", "503"} <= set(route["responses"]), path
            for status, answer in route["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], path

    def test_nothing_in_it_refers_to_what_is_not_there(self) -> None:
        text = json.dumps(describe())
        names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        assert names <= set(describe()["components"]["schemas"])


class TestProblems:
    async def test_no_token(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/v1/cameras", headers={"Authorization": ""})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="vantage"')
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "detail"}

    async def test_another_way_of_signing_in(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/v1/cameras", headers={"Authorization": "Basic YTpi"})
        assert answer.status_code == 401

    async def test_a_token_that_is_over_says_so(
        self, http: httpx.AsyncClient, clock: ManualClock, audit: MemoryAudit
    ) -> None:
        clock.advance(3_000)
        answer = await http.get("/v1/cameras")
        assert answer.status_code == 401
        assert "error_description=" in answer.headers["WWW-Authenticate"]
        assert audit.records == []

    async def test_a_role_that_is_missing(self, http: httpx.AsyncClient, provider: Provider) -> None:
        token = provider.token(roles=["public-info"])
        answer = await http.get("/v1/cameras", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]

    async def test_a_provider_that_is_away(self, http: httpx.AsyncClient, provider: Provider) -> None:
        provider.away = True
        answer = await http.get("/v1/cameras")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "sign-in provider" in answer.json()["detail"]

    async def test_a_decision_that_cannot_be_recorded(
        self, http: httpx.AsyncClient, audit: MemoryAudit, alert_index: MemoryAlerts
    ) -> None:
        audit.away = True
        alert_index.rows = [ROW]
        for path in ("/v1/cameras", "/v1/alerts", "/v1/alerts/alr_1", "/v1/alerts/stream"):
            answer = await http.get(path)
            assert answer.status_code == 503
            assert "cannot be recorded" in answer.json()["detail"]
            assert "kafka" not in answer.text

    @pytest.mark.parametrize(
        "failure",
        [
            DatabaseUnavailable("db:5432 is away"),
            StoreUnavailable("db:5432 is away"),
            IndexMissing("db:5432"),
            NotFollowing("db:5432"),
            Overloaded("db:5432"),
            Damaged("db:5432"),
        ],
    )
    async def test_a_part_that_is_away_is_named_without_its_place(
        self, http: httpx.AsyncClient, alert_index: MemoryAlerts, failure: Exception
    ) -> None:
        alert_index.failure = failure
        answer = await http.get("/v1/alerts")
        assert answer.status_code == 503
        assert "db:5432" not in answer.text
        assert "a part of the gateway" not in answer.json()["detail"]

    async def test_a_fault_of_its_own_tells_nothing_of_its_inside(
        self, http: httpx.AsyncClient, alert_index: MemoryAlerts
    ) -> None:
        alert_index.failure = RuntimeError("secret")
        answer = await http.get("/v1/alerts")
        assert answer.status_code == 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "secret" not in answer.text

    @pytest.mark.parametrize(
        ("verb", "path", "status"),
        [
            ("GET", "/v1/nothing", 404),
            ("DELETE", "/v1/cameras", 405),
            ("GET", "/v1/alerts?limit=no", 422),
            ("GET", "/v1/alerts?colour=red", 422),
            ("GET", "/v1/alerts?before=soon", 400),
            ("GET", "/v1/alerts/stream?after=soon", 400),
            ("GET", "/v1/alerts/%00", 422),
            ("POST", "/v1/views", 422),
        ],
    )
    async def test_what_cannot_be_answered(self, http: httpx.AsyncClient, verb: str, path: str, status: int) -> None:
        answer = await http.request(verb, path)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status


class TestAnswers:
    async def test_a_camera_is_shown_without_its_source(self, http: httpx.AsyncClient, cameras: MemoryCameras) -> None:
        cameras.rows["hk1.pier-9"] = Camera(
            camera_id="hk1.pier-9",
            cell_id="hk1",
            revision=1,
            state="recording",
            name="Pier 9",
            source=Source(url="rtsp://10.0.0.1/hidden", credential="hidden"),
            place=Place(latitude=22.2, longitude=114.1),
            authority=Authority(reference="hidden", expires_at=1),
            zones=[Zone(zone_id="steps", name="Steps", polygon=[(0, 0), (1, 0), (1, 1)])],
            changed_at=5,
        )
        answer = await http.get("/v1/cameras")
        (camera,) = answer.json()["cameras"]
        assert (camera["name"], camera["zones"][0]["polygon"]) == ("Pier 9", [[0, 0], [1, 0], [1, 1]])
        assert "hidden" not in answer.text
        assert "10.0.0.1" not in answer.text

    async def test_an_alert_has_the_names_of_the_stream(
        self, http: httpx.AsyncClient, alert_index: MemoryAlerts
    ) -> None:
        alert_index.rows = [ROW]
        alert = (await http.get("/v1/alerts/alr_1")).json()
        assert (alert["at"], alert["raised_at"], alert["window_start"]) == (12, 10, 8)

    async def test_a_full_page_names_the_next(self, http: httpx.AsyncClient, alert_index: MemoryAlerts) -> None:
        alert_index.rows = [ROW]
        assert (await http.get("/v1/alerts", params={"limit": 1})).json()["next"] == "10~alr_1"
        assert (await http.get("/v1/alerts", params={"limit": 2})).json()["next"] is None

    async def test_the_configuration_needs_no_token(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/v1/config", headers={"Authorization": ""})
        assert answer.json() == {
            "issuer": ISSUER,
            "client_id": "vantage-console",
            "audience": "urn:vantage:api",
            "cell_id": "hk1",
        }


class TestStream:
    async def test_who_takes_nothing_is_cut_off_and_leaves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("vantage_api.web.alerts._SEND_S", 0.01)
        left: list[bool] = []

        async def parts() -> AsyncGenerator[bytes]:
            try:
                while True:
                    yield b": heartbeat\n\n"
            finally:
                left.append(True)

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        await EventStream(parts()).stream_response(send)
        assert left


class TestFigures:
    async def test_a_request_is_counted_by_its_route_not_its_path(
        self, http: httpx.AsyncClient, alert_index: MemoryAlerts
    ) -> None:
        before = served("/v1/alerts/{alert_id}", 404)
        assert (await http.get("/v1/alerts/alr_1")).status_code == 404
        assert served("/v1/alerts/{alert_id}", 404) == before + 1


def served(route: str, status: int) -> float:
    labels = {"route": route, "status": str(status)}
    return REGISTRY.get_sample_value("vantage_api_request_seconds_count", labels) or 0


class TestHeaders:
    @pytest.mark.parametrize("path", ["/v1/config", "/v1/cameras", "/v1/nothing"])
    async def test_no_answer_is_kept_or_guessed_at(self, http: httpx.AsyncClient, path: str) -> None:
        headers = (await http.get(path)).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"

    def test_the_console_may_load_its_own_and_go_to_sign_in_only(self) -> None:
        policy = console_policy("https://sign-in.test:8443/realms/police")
        assert "connect-src 'self' https://sign-in.test:8443;" in policy
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "*" not in policy
