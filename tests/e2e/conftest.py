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

BEFORE_ALL = "-1"
"""The cursor before the first event: an alert may come before the subscriber does."""

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
def received() -> list[StreamedAlert]:
    """What a control room has received on the stream, from the first alert on."""
    return []


@pytest.fixture(scope="package", autouse=True)
def subscriber(running: Thread, received: list[StreamedAlert]) -> Iterator[Subscriber]:
    with gateway_of(running.stack) as opened:
        follower = Subscriber(opened, received.append, after=BEFORE_ALL)
        assert follower.wait_connected(30), follower.failure
        yield follower
        follower.stop()


@pytest.fixture(scope="package")
def until(running: Thread, subscriber: Subscriber) -> Until:
    """Wait for a condition; fail with what was waited for, and at once where the stack or the subscriber has failed."""

    def wait(what: str | Callable[[], str], holds: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            running.services.check()
            if subscriber.failure:
                raise subscriber.failure
            if time.monotonic() > deadline:
                wanted = what if isinstance(what, str) else what()
                pytest.fail(f"not within {seconds} s: {wanted}; see {running.stack.home.logs}")
            time.sleep(0.2)

    return wait
