"""Parts that are away: access fails closed with the reason, the rest goes on, and what came back serves again."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.integration.api.conftest import GatewayProcess, Until, World
    from vantage_stack.stack import Stack

NOBODY = "127.0.0.1:9"


def test_nothing_is_served_while_no_decision_can_be_recorded(
    stack: Stack, gateway: GatewayProcess, camera: str, world: World, until: Until
) -> None:
    desk = gateway.client()
    with desk.alerts() as subscriber:
        with stack.away("kafka"):
            with ThreadPoolExecutor(2) as side_by_side:
                listed = side_by_side.submit(desk.get, "/v1/cameras")
                looked = side_by_side.submit(desk.look, camera_id=camera, kind="live")
            answers = [listed.result(), looked.result()]
            assert {answer.status_code for answer in answers} == {503}
            assert "cannot be recorded" in answers[0].json()["detail"]
            assert stack.kafka.bootstrap not in answers[0].text
            reason = until(lambda: (gateway.readiness() or {}).get("kafka"), "the readiness to say so")
            assert "Kafka" in reason
        until(lambda: desk.get("/v1/cameras").is_success, "the gateway to serve again")
        alert = world.alert(camera)
        world.alerts([alert])
        assert alert.alert_id in subscriber.next().data  # a stream that was open lived through it
    until(gateway.is_ready, "the gateway to be ready")
    assert desk.look(camera_id=camera, kind="live").status_code == 201


def test_it_starts_without_database_and_store_and_serves_the_rest(
    make_gateway: Callable[..., GatewayProcess], world: World, until: Until
) -> None:
    dsn = f"postgresql://nobody:never-shown@{NOBODY}/vantage"
    gateway = make_gateway(VANTAGE_POSTGRES_DSN=dsn, VANTAGE_S3_ENDPOINT=NOBODY)
    gateway.process.start()
    until(gateway.answers, "the gateway to answer")
    client = gateway.client()
    until(lambda: client.get("/v1/cameras").is_success, "the cameras to be listed")
    answer = client.get("/v1/alerts")
    assert answer.status_code == 503
    assert "database" in answer.json()["detail"]
    assert client.look(camera_id=world.camera(), kind="recorded", from_us=1, to_us=2).status_code in (404, 503)
    with client.alerts() as subscriber:
        alert = world.alert("hk1.any")
        world.alerts([alert])
        assert alert.alert_id in subscriber.next().data
    waiting = until(lambda: both_named(gateway.readiness() or {}), "the readiness to name both")
    assert "never-shown" not in waiting["postgres"]
    gateway.stop()
    assert gateway.process.exit_code == 0


def both_named(waiting: Mapping[str, str]) -> Mapping[str, str]:
    named = "unavailable" in waiting.get("postgres", "") and "cannot" in waiting.get("store", "")
    return waiting if named else {}


def test_no_token_counts_while_the_provider_is_away(
    make_gateway: Callable[..., GatewayProcess], until: Until, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>console</title>")
    gateway = make_gateway(VANTAGE_API_OIDC_ISSUER=f"http://{NOBODY}", VANTAGE_API_CONSOLE_DIR=str(tmp_path))
    gateway.process.start()
    until(gateway.answers, "the gateway to answer")
    answer = gateway.client().get("/v1/cameras")
    assert answer.status_code == 503
    assert "sign-in provider" in answer.json()["detail"]
    page = httpx.get(gateway.address, trust_env=False)
    assert "console" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"connect-src 'self' http://{NOBODY}" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    missing = httpx.get(f"{gateway.address}/nothing.js", trust_env=False)
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")
    gateway.stop()


def test_a_taken_port_ends_the_start_with_one_line(make_gateway: Callable[..., GatewayProcess]) -> None:
    gateway = make_gateway()
    port = int(gateway.address.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        gateway.process.start()
        assert gateway.process.wait(30)
    assert gateway.process.exit_code == 78
    last = gateway.process.log_tail(1)[0]
    assert last.startswith(f"vantage-api: the gateway cannot listen on 127.0.0.1:{port}")
    assert "VANTAGE_API_PORT" in last
