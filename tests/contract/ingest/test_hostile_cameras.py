"""Servers that mean no good, on real sockets: every reader comes to a named end, and nobody is led elsewhere."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from vantage_ingest.domain.ends import EndCause

from .listening import Room

Talk = Callable[[socket.socket], None]
SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:1\r\n"
DEAF = {EndCause.SILENT, EndCause.UNREACHABLE, EndCause.MALFORMED, EndCause.ENDED, EndCause.NOT_PLAYED, EndCause.FAILED}


class Hostile:
    """Lets `talk` at each that connects, in threads that end with it."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.met = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/live"

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._listener.accept()
                self.met += 1
                self._open.append(one)
                threading.Thread(target=self._run, args=(one,), daemon=True).start()

    def _run(self, one: socket.socket) -> None:
        with suppress(OSError):
            self._talk(one)


@pytest.fixture
def serve() -> Iterator[Callable[[Talk], Hostile]]:
    made: list[Hostile] = []

    def make(talk: Talk) -> Hostile:
        made.append(Hostile(talk))
        return made[-1]

    yield make
    for one in made:
        one.close()


def request(one: socket.socket) -> tuple[str, int]:
    """The method and number of the next request."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (read := one.recv(4096)):
            raise ConnectionResetError
        data += read
    found = re.search(rb"CSeq: (\d+)", data)
    return data.split(b" ", 1)[0].decode(), int(found[1]) if found else 0


def answers(**by_method: str) -> Talk:
    """Answers each method so; a yes to all others."""

    def talk(one: socket.socket) -> None:
        while True:
            method, number = request(one)
            start, _, rest = by_method.get(method, "200 OK\r\n\r\n").partition("\r\n")
            one.sendall(f"RTSP/1.0 {start}\r\nCSeq: {number}\r\n{rest}".encode())

    return talk


def endless(data: bytes, pause_s: float = 0.0, first: bytes = b"") -> Talk:
    def talk(one: socket.socket) -> None:
        request(one)
        one.sendall(first)
        while True:
            one.sendall(data)
            if pause_s:
                time.sleep(pause_s)

    return talk


def silence(one: socket.socket) -> None:
    while one.recv(4096):
        pass


def goodbye(one: socket.socket) -> None:
    one.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_nobody_is_led_elsewhere(kind: str, room: Room, serve: Callable[[Talk], Hostile], method: str) -> None:
    trap = serve(silence)
    says = {
        "DESCRIBE": f"200 OK\r\nContent-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}",
        "SETUP": "200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
        method: f"302 Found\r\nLocation: {trap.url}\r\n\r\n",
    }
    _, listener = room.open(serve(answers(**says)).url, "camera:word")
    ends = {EndCause.REDIRECTED}
    if (kind, method) == ("ffmpeg", "PLAY"):  # FFmpeg redirects only while it connects: this is no answer to it
        ends = {EndCause.FAILED}
    assert room.end(listener).cause in ends
    room.turns(20)
    assert trap.met == 0


@pytest.mark.parametrize(
    "talk",
    [
        silence,
        goodbye,
        answers(OPTIONS="200 OK\r\nContent-Length: 4000000000\r\n\r\n"),
        answers(DESCRIBE="200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        endless(b"x" * 4096, first=b"RTSP/1.0 200 OK\r\nX-Long: "),
        endless(b"X: y\r\n", 0.05, first=b"RTSP/1.0 200 OK\r\n"),
        endless(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        endless(b"\x00" * 4096),
        endless(b"RTSP/1.0 100 Continue\r\n\r\n", 0.05),
    ],
    ids=["silence", "goodbye", "huge", "no-sdp", "long-line", "many-lines", "http", "zeros", "continue"],
)
def test_what_is_no_camera_comes_to_a_named_end(room: Room, serve: Callable[[Talk], Hostile], talk: Talk) -> None:
    _, listener = room.open(serve(talk).url, "camera:s3cret-word")
    end = room.end(listener)
    assert end.cause in DEAF
    assert "s3cret" not in str(end)
    assert listener.sets is None


@pytest.mark.parametrize("kind", ["native"], indirect=True)  # FFmpeg does not answer a camera's questions
def test_who_asks_without_end_and_takes_no_answer_is_left(room: Room, serve: Callable[[Talk], Hostile]) -> None:
    asked = b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 50
    _, listener = room.open(serve(endless(asked, 0.001)).url)
    assert room.end(listener).cause in {EndCause.MALFORMED, EndCause.SILENT}


def test_one_that_hangs_holds_up_no_other(room: Room, serve: Callable[[Talk], Hostile]) -> None:
    hung = [room.open(serve(silence).url)[1] for _ in range(5)]
    _, listener = room.open(serve(answers(DESCRIBE="404 Not Found\r\n\r\n")).url)
    assert room.end(listener).cause is EndCause.NO_SUCH_STREAM
    assert not any(one.end for one in hung)
