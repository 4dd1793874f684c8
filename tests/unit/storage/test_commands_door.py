"""How the commands' HTTP looks from outside: who gets in, and how a refusal reads."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, SecretStr, ValidationError

from vantage.errors import StartupError
from vantage.postgres import DatabaseUnavailable
from vantage_storage.errors import Refused
from vantage_storage.settings import RunSettings
from vantage_storage.web import app as web
from vantage_storage.web.server import HttpServer

TOKEN = "t" * 32
SENT = {"Authorization": f"Bearer {TOKEN}"}


class Order(BaseModel):
    camera_id: str


def router(_parts: object) -> APIRouter:
    made = APIRouter()

    @made.post("/v1/orders", status_code=201)
    def order(body: Order) -> Order:
        return body

    @made.get("/v1/refused")
    def refused() -> None:
        code, detail = "end-passed", "the end is over: name a later one"
        raise Refused(code, detail, 409)

    @made.get("/v1/away")
    def away() -> None:
        msg = "PostgreSQL at db.example:5432 is unavailable"
        raise DatabaseUnavailable(msg)

    @made.get("/v1/fault")
    def fault() -> None:
        msg = "a secret of the program"
        raise KeyError(msg)

    return made


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(web, "ROUTERS", (router,))
    return web.make_app(None, SecretStr(TOKEN))  # type: ignore[arg-type]


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with HttpServer("127.0.0.1", 0) as server:
        server.start(app)
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as made:
            yield made


@pytest.mark.parametrize("path", ["/v1/orders", "/openapi.json", "/nowhere"])
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer x", "Basic dDp0", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer tökén"],
)
def test_nobody_without_the_token_gets_past_the_door(client: httpx.Client, path: str, header: str | None) -> None:
    answer = client.get(path, headers=[] if header is None else [(b"Authorization", header.encode())])
    assert (answer.status_code, answer.json()["code"]) == (401, "token-needed")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_with_the_token_a_command_is_done_and_the_document_shown(client: httpx.Client) -> None:
    assert client.post("/v1/orders", json={"camera_id": "hk1.a"}, headers=SENT).status_code == 201
    assert "/v1/orders" in client.get("/openapi.json", headers=SENT).json()["paths"]


def test_a_refusal_says_its_code_and_what_to_do(client: httpx.Client) -> None:
    answer = client.get("/v1/refused", headers=SENT)
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "end-passed",
        "detail": "the end is over: name a later one",
    }


def test_a_body_that_does_not_fit_names_its_fields(client: httpx.Client) -> None:
    answer = client.post("/v1/orders", json={}, headers=SENT)
    assert (answer.status_code, answer.json()["code"]) == (422, "unfit-values")
    assert "camera_id" in answer.json()["detail"]


def test_a_database_that_is_away_says_when_to_ask_again_and_not_where_it_lives(client: httpx.Client) -> None:
    answer = client.get("/v1/away", headers=SENT)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "5")
    assert "db.example" not in answer.text


def test_what_is_not_there_points_to_the_document(client: httpx.Client) -> None:
    answer = client.get("/v1/nowhere", headers=SENT)
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-command")
    assert "/openapi.json" in answer.json()["detail"]


def test_a_fault_of_the_program_tells_nothing_of_it(client: httpx.Client) -> None:
    answer = client.get("/v1/fault", headers=SENT)
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "secret" not in answer.text


def test_a_port_that_is_taken_ends_the_start_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"127.0.0.1:{port}.*VANTAGE_STORAGE_API_PORT"):
            HttpServer("127.0.0.1", port)


def test_the_server_refuses_before_it_is_started_answers_then_and_frees_its_port(app: FastAPI) -> None:
    with HttpServer("127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.port}/openapi.json"
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)
        server.start(app)
        assert httpx.get(address, headers=SENT).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_a_short_token_ends_the_start_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAFKA_BOOTSTRAP", "S3_ENDPOINT"):
        monkeypatch.setenv(f"VANTAGE_{name}", "127.0.0.1:9")
    for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY", "POSTGRES_DSN"):
        monkeypatch.setenv(f"VANTAGE_{name}", "x")
    monkeypatch.setenv("VANTAGE_STORAGE_API_TOKEN", "short-one")
    with pytest.raises(StartupError, match="VANTAGE_STORAGE_API_TOKEN") as refused:
        RunSettings.load()
    assert "short-one" not in str(refused.value)
    with pytest.raises(ValidationError):
        RunSettings()
