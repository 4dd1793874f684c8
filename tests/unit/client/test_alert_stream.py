"""A subscriber loses nothing and takes nothing twice, whatever the connection does. The gateway here is a real HTTP
server that plays a script; the gateway itself is tested with the stream in tests/integration/api.
"""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import pytest

from vantage.client import AlertStream, Gateway, GatewayRefused
from vantage.contracts import AlertEvent, encode
from vantage.contracts.finding import Evidence

Answer = tuple[int, str]


def alert(number: int, revision: int = 1) -> AlertEvent:
    return AlertEvent(
        event_id=f"evt_{number}_{revision}",
        alert_id=f"alr_{number}",
        revision=revision,
        change="raised" if revision == 1 else "updated",
        state="raised",
        at=number,
        rule_id="r",
        rule_version=1,
        rule_type="intrusion",
        camera_id="hk1.c",
        severity="minor",
        title="t",
        raised_at=number,
        window_start=number,
        evidence=Evidence(at=number, fragment_id="frg", count=1),
    )


def sse(cursor: int, event: AlertEvent) -> str:
    return f"id: {cursor}\nevent: {event.change}\ndata: {encode(event).decode()}\n\n"


class ScriptedGateway:
    """Gives one scripted answer a connection, and remembers what each connection asked to resume after."""

    def __init__(self, answers: list[Answer]) -> None:
        self.resumed_after: list[str | None] = []
        self.tokens: list[str | None] = []
        scripted = iter(answers)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.resumed_after.append(self.headers["Last-Event-ID"])
                outer.tokens.append(self.headers["Authorization"])
                status, body = next(scripted, (404, json.dumps({"detail": "the script is over"})))
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/problem+json")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def gateway() -> Iterator[Callable[..., tuple[ScriptedGateway, Gateway]]]:
    made: list[tuple[ScriptedGateway, Gateway]] = []

    def make(*answers: Answer) -> tuple[ScriptedGateway, Gateway]:
        server = ScriptedGateway(list(answers))
        made.append((server, Gateway(server.address, lambda: f"token-{len(server.tokens)}")))
        return made[-1]

    yield make
    for server, client in made:
        client.close()
        server.server.shutdown()
        server.server.server_close()


Make = Callable[..., tuple[ScriptedGateway, Gateway]]


def test_after_a_break_it_asks_for_what_came_after_the_last_event(gateway: Make) -> None:
    server, client = gateway((200, sse(41, alert(1))), (200, sse(42, alert(2))))
    taken = list(islice(AlertStream(client), 2))
    assert [one.event.alert_id for one in taken] == ["alr_1", "alr_2"]
    assert server.resumed_after == [None, "41"]


def test_an_event_that_was_cut_off_is_asked_for_again(gateway: Make) -> None:
    whole = sse(42, alert(2))
    server, client = gateway((200, sse(41, alert(1)) + whole[: len(whole) // 2]), (200, whole))
    assert [one.cursor for one in islice(AlertStream(client), 2)] == ["41", "42"]
    assert server.resumed_after[1] == "41"


def test_a_break_before_the_first_event_loses_nothing_either(gateway: Make) -> None:
    server, client = gateway((200, "id: 40\n\n"), (200, sse(41, alert(1))))
    assert next(iter(AlertStream(client))).cursor == "41"
    assert server.resumed_after == [None, "40"]


def test_a_change_that_comes_twice_is_taken_once(gateway: Make) -> None:
    _, client = gateway((200, sse(41, alert(1)) + sse(42, alert(1)) + sse(43, alert(1, 2)) + sse(44, alert(9))))
    assert [(one.event.alert_id, one.event.revision) for one in islice(AlertStream(client), 3)] == [
        ("alr_1", 1),
        ("alr_1", 2),
        ("alr_9", 1),
    ]


def test_it_goes_on_where_the_caller_says(gateway: Make) -> None:
    server, client = gateway((200, sse(8, alert(1))))
    next(iter(AlertStream(client, after="7")))
    assert server.resumed_after == ["7"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_unavailable_is_tried_again_and_each_try_has_a_fresh_token(gateway: Make, status: int) -> None:
    busy = (status, json.dumps({"detail": "the log is away"}))
    server, client = gateway(busy, (200, sse(1, alert(1))))
    assert next(iter(AlertStream(client))).cursor == "1"
    assert server.tokens == ["Bearer token-0", "Bearer token-1"]


def test_a_refusal_ends_it_with_the_gateways_own_words(gateway: Make) -> None:
    _, client = gateway((403, json.dumps({"detail": "the role auditor sees no alerts: ask for operator"})))
    with pytest.raises(GatewayRefused, match="ask for operator") as refused:
        next(iter(AlertStream(client)))
    assert refused.value.status == 403


def test_it_stops_when_told_to(gateway: Make) -> None:
    stop = threading.Event()
    _, client = gateway((200, sse(1, alert(1))), (200, sse(2, alert(2))))
    taken = []
    for one in AlertStream(client, stop=stop):
        taken.append(one)
        stop.set()
    assert len(taken) == 1
