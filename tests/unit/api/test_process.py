"""The parts that keep the process honest: bounded threads, the watch over parts, a port that is taken."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from vantage.errors import BrokerUnavailable, StartupError
from vantage.service import Running
from vantage_api.errors import Overloaded, PortTaken
from vantage_api.server import HttpServer
from vantage_api.threads import Threads
from vantage_api.watch import Watch


class TestThreads:
    async def test_more_than_can_wait_are_refused_and_the_rest_is_done(self) -> None:
        threads, go = Threads("test", 1, 2), threading.Event()
        taken = [asyncio.create_task(threads.run(go.wait, 20)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await threads.run(int)
        go.set()
        assert await asyncio.gather(*taken) == [True] * 3
        assert await threads.run(int, "7") == 7
        threads.stop()

    async def test_a_caller_that_goes_away_keeps_its_place_until_the_work_is_done(self) -> None:
        threads, go = Threads("test", 1, 0), threading.Event()
        gone = asyncio.create_task(threads.run(go.wait, 20))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        with pytest.raises(Overloaded):
            await threads.run(int)
        go.set()
        async with asyncio.timeout(20):
            while True:
                try:
                    assert await threads.run(int) == 0
                    break
                except Overloaded:
                    await asyncio.sleep(0.01)
        threads.stop()

    async def test_what_the_work_raises_comes_to_the_caller(self) -> None:
        threads = Threads("test", 1, 0)
        with pytest.raises(ValueError, match="invalid literal"):
            await threads.run(int, "x")
        threads.stop()


class Part:
    """A part that can be away."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def probe(self) -> None:
        if self.failure:
            raise self.failure


class TestWatch:
    def test_a_part_is_not_ready_until_it_was_looked_at(self) -> None:
        running = Running()
        watch = Watch(running, {"kafka": Part().probe})
        assert running.readiness.reasons() == {"kafka": "not looked at yet"}
        assert watch.look()
        assert running.readiness.reasons() == {}

    def test_each_part_that_is_away_says_why_and_the_others_are_ready(self) -> None:
        running, kafka = Running(), Part()
        watch = Watch(running, {"kafka": kafka.probe, "store": Part().probe})
        kafka.failure = BrokerUnavailable("kafka:9092 does not answer")
        assert not watch.look()
        assert running.readiness.reasons() == {"kafka": "kafka:9092 does not answer"}
        kafka.failure = None
        assert watch.look()
        assert running.readiness.reasons() == {}

    def test_what_no_waiting_helps_ends_the_service(self) -> None:
        running, postgres = Running(), Part()
        watch = Watch(running, {"postgres": postgres.probe})
        postgres.failure = StartupError("another history")
        watch.look()
        assert running.stop.is_set()
        assert watch.fatal is postgres.failure


async def app(*_: object) -> None:
    """Nothing asks it."""


def test_the_body_of_an_answer_does_not_wait_for_the_acknowledgement_of_its_head() -> None:
    server = HttpServer(app, "127.0.0.1", 0)
    with server._socket as listening:
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{port}.*VANTAGE_API_PORT"):
            HttpServer(app, "127.0.0.1", port)
