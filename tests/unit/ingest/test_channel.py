"""Supervisor and worker hear each other whole, and neither waits for the other."""

import socket
from collections.abc import Iterator

import pytest

from vantage_ingest.channel import Channel
from vantage_ingest.domain.status import Condition
from vantage_ingest.errors import ChannelClosed
from vantage_ingest.orders import Beat, Duties, Duty, News, Order, Report, Stop, Why

from .test_holdings import camera

Ends = tuple[Channel[Report], Channel[Order]]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    yield Channel(ours, Report), Channel(theirs, Order)
    ours.close()
    theirs.close()


def test_messages_arrive_as_they_were_said(ends: Ends) -> None:
    supervisor, worker = ends
    duty = Duty(camera=camera("a"), partition=3, epoch=7, number=1, reader="native", before=Why(cause="worker-crashed"))
    orders: list[Order] = [Duties(serial=1, duties=[duty], leaving={"hk1.b": Why(detail="why")}, spool_bytes=9), Stop()]
    reports: list[Report] = [
        Beat(lag=0.5, spooled=3, waiting={"store": "away"}),
        News(conditions=[Condition("hk1.a", "online", 5)], unhandled={"hk1.b": "multicast"}),
    ]
    for order in orders:
        supervisor.send(order)
    for report in reports:
        worker.send(report)
    assert worker.receive() == orders
    assert supervisor.receive() == reports


def test_a_listener_that_does_not_listen_holds_nobody_up(ends: Ends) -> None:
    supervisor, worker = ends
    said = Beat(lag=0.0, spooled=0, waiting={"store": "x" * 10_000})
    for _ in range(200):
        worker.send(said)
    assert not worker.idle
    heard: list[Report] = []
    while not worker.idle:
        heard += supervisor.receive()
        worker.flush()
    heard += supervisor.receive()
    assert heard == [said] * 200


def test_what_was_said_before_the_end_is_heard_before_it(ends: Ends) -> None:
    supervisor, worker = ends
    worker.send(Beat(lag=0.0, spooled=1))
    worker.close()
    assert supervisor.receive() == [Beat(lag=0.0, spooled=1)]
    with pytest.raises(ChannelClosed):
        supervisor.receive()
