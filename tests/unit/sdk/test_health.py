"""What a cluster asks of a service: alive, ready, and its figures."""

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from vantage.errors import StartupError
from vantage.health import HealthServer, Readiness


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def server(readiness: Readiness) -> Iterator[HealthServer]:
    made = HealthServer("127.0.0.1", 0, readiness)
    made.start()
    yield made
    made.stop()


def ask(server: HealthServer, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_is_alive_whatever_it_waits_for(server: HealthServer, readiness: Readiness) -> None:
    readiness.waiting("kafka", "it is away")
    assert ask(server, "/healthz") == (200, "ok\n")


def test_says_what_each_part_waits_for_until_all_are_ready(server: HealthServer, readiness: Readiness) -> None:
    readiness.waiting("kafka", "it is away")
    readiness.waiting("database", "it starts")
    readiness.ready("database")
    status, body = ask(server, "/readyz")
    assert (status, json.loads(body)) == (503, {"waiting": {"kafka": "it is away"}})
    readiness.ready("kafka")
    assert ask(server, "/readyz")[0] == 200


def test_is_not_ready_before_it_has_said_anything(server: HealthServer) -> None:
    assert ask(server, "/readyz")[0] == 503


def test_shows_its_figures(server: HealthServer) -> None:
    status, body = ask(server, "/metrics?name[]=x")
    assert status == 200
    assert "vantage_consumed_messages" in body


def test_names_the_paths_that_there_are(server: HealthServer) -> None:
    assert ask(server, "/") == (404, "use /healthz, /readyz or /metrics\n")


def test_a_client_that_says_nothing_or_hangs_up_holds_nobody_up(
    server: HealthServer, capfd: pytest.CaptureFixture[str]
) -> None:
    silent = socket.create_connection(("127.0.0.1", server.port))
    rude = socket.create_connection(("127.0.0.1", server.port))
    rude.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    rude.close()
    assert ask(server, "/healthz")[0] == 200
    silent.close()
    assert "Traceback" not in capfd.readouterr().err


def test_a_port_that_is_taken_is_told_with_the_setting_to_change(server: HealthServer, readiness: Readiness) -> None:
    with pytest.raises(StartupError, match=rf"127\.0\.0\.1:{server.port}.*VANTAGE_HEALTH_PORT"):
        HealthServer("127.0.0.1", server.port, readiness)
