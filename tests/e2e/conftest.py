"""One whole thread for the end-to-end tests: four cameras, every part, every service, and a subscriber."""

import time
from collections.abc import Callable, Iterator

import pytest

from vantage.client import Gateway, StreamedAlert
from vantage_stack.control_room import Subscriber, gateway_of
from vantage_stack.thread import Thread, thread

CAMERAS = 2
SETTINGS = {"VANTAGE_INGEST_RECORDING_SECONDS": "10"}
"""Recordings of ten seconds, so that several of them end during a test."""

Until = Callable[..., None]


@pytest.fixture(scope="package")
def running() -> Iterator[Thread]:
    with thread("e2e", CAMERAS, settings=SETTINGS) as started:
        yield started


@pytest.fixture(scope="package")
def gateway(running: Thread) -> Iterator[Gateway]:
    with gateway_of(running.stack) as opened:
        yield opened


@pytest.fixture(scope="package")
def received(running: Thread) -> Iterator[list[StreamedAlert]]:
    """What a control room has received on the stream, from before the first test on."""
    taken: list[StreamedAlert] = []
    with gateway_of(running.stack) as opened:
        subscriber = Subscriber(opened, taken.append)
        assert subscriber.wait_connected(30), subscriber.failure
        yield taken
        subscriber.stop()


@pytest.fixture(scope="package")
def until(running: Thread) -> Until:
    """Wait for a condition; fail with what was waited for, and at once where the stack has failed."""

    def wait(what: str, holds: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            running.services.check()
            assert time.monotonic() < deadline, f"{what} did not come within {seconds} s; see {running.stack.home.logs}"
            time.sleep(0.2)

    return wait
