"""Packets and messages on one connection, however they are cut."""

import random

import pytest

from vantage_ingest.domain.rtsp_message import BODY_LIMIT, HEADER_LIMIT, Request, Response
from vantage_ingest.domain.rtsp_wire import MOST_MESSAGES, Wire

from .rtsp_camera import answer


def frame(channel: int, content: bytes) -> bytes:
    return b"$%c%b%b" % (channel, len(content).to_bytes(2, "big"), content)


def wire() -> Wire:
    made = Wire()
    made.channel, made.report_channel = 0, 1
    return made


def everything() -> bytes:
    return b"".join(
        [
            frame(0, b"one"),
            answer(200, 4, "a body with $ and RTSP/1.0 in it"),
            frame(1, b"report"),
            frame(7, b"sound"),
            b"\r\n",
            frame(0, b""),
            b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
            frame(0, b"$" * 65_535),
        ]
    )


@pytest.mark.parametrize("seed", range(30))
def test_however_it_is_cut_the_same_is_found(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # chance is to repeat here
    data, splitter = everything(), wire()
    packets, reports = [], []
    while data:
        size = chance.choice((1, 3, 50, 40_000)) if seed else len(data)
        read = splitter.rest + data[:size]
        data = data[size:]
        packets += [read[begin:end] for begin, end in splitter.split(read)]
        reports += [read[begin:end] for begin, end in splitter.reports]
        splitter.reports = []
    assert packets == [b"one", b"", b"$" * 65_535]
    assert reports == [b"report"]
    assert [type(message) for message in splitter.messages] == [Response, Request]
    assert splitter.messages[0].body == b"a body with $ and RTSP/1.0 in it"
    assert (splitter.rest, splitter.fault) == (b"", "")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\x00\x00\x00",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 ftp ready\r\n",
        b"\xff\xd8\xff\xe0",
        b"A" * 40,
        b"RTSP/1.0 abc Oh\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1),
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"x" * HEADER_LIMIT,
        b"RTSP/1.0 200 OK\r\n\r\n" * (MOST_MESSAGES + 1),
    ],
)
def test_what_is_neither_is_a_fault(data: bytes) -> None:
    splitter = wire()
    assert splitter.split(data) == []
    assert splitter.fault
    assert splitter.fault.isprintable()


def test_what_came_before_the_fault_is_kept() -> None:
    splitter = wire()
    data = frame(0, b"whole") + b"\x00\x01\x02\x03"
    assert [data[begin:end] for begin, end in splitter.split(data)] == [b"whole"]
    assert splitter.fault


def test_a_header_without_end_is_kept_no_longer_than_the_limit() -> None:
    splitter = wire()
    for _ in range(2 * HEADER_LIMIT // 100):
        splitter.split(
            splitter.rest + b"RTSP/1.0 200 OK\r\n" + b"x: y\r\n" * 15
            if not splitter.rest
            else splitter.rest + b"x: y\r\n" * 16
        )
        if splitter.fault:
            break
    assert splitter.fault
    assert len(splitter.rest) < HEADER_LIMIT + 200
