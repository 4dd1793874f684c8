"""A camera leads its readers nowhere but to where it was found: not by its name, and not by what it says."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from vantage.camera_networks import CameraNetworks, networks
from vantage.clock import SystemClock
from vantage_ingest.adapters.epoll_reader import EpollReader
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Reader, Target

from .names import NameServer

DEADLINE_S = 30.0
CAMERA, ELSEWHERE = "127.0.0.2", "127.0.0.3"
OPTIONS = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
MakeReader = Callable[[Loop, Resolver], Reader]


class Machine:
    """Something that listens: it notes each connection, and answers requests as it is told, one after the other."""

    def __init__(self, ip: str, port: int = 0, answers: Sequence[bytes] = ()) -> None:
        self._socket = socket.create_server((ip, port))
        self._answers = answers
        self.port: int = self._socket.getsockname()[1]
        self.called = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.called += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            for number, answer in enumerate(self._answers, 1):
                if not line.recv(4096):
                    return
                line.sendall(answer.replace(b"%d", b"%d" % number))


@dataclass
class Told:
    """What a sink was told of the end."""

    ends: list[StreamEnded] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def opened(self, sets: ParameterSets) -> None:
        return

    def units(self, units: Sequence[AccessUnit]) -> None:
        return

    def ended(self, end: StreamEnded) -> None:
        self.ends.append(end)
        self.over.set()


def native(loop: Loop, resolver: Resolver) -> Reader:
    return EpollReader(loop, resolver, 3, 3, SystemClock())


def ffmpeg(loop: Loop, resolver: Resolver) -> Reader:
    return PyavReader(loop, resolver, 3, 3, SystemClock())


READERS = pytest.mark.parametrize("reader", [native, ffmpeg])


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop(SystemClock())
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join()


def ends(loop: Loop, reader: Reader, url: str, transport: str = "tcp") -> StreamEnded:
    told = Told()
    target = Target(url, "user:secret", transport)

    def begin() -> None:
        reader.open(target, told)

    loop.call_soon(begin)
    assert told.over.wait(DEADLINE_S)
    return told.ends[0]


@READERS
def test_a_name_that_changes_its_mind_is_refused_and_nothing_else_is_called(loop: Loop, reader: MakeReader) -> None:
    turns = [[f"A {CAMERA}"], [f"A {ELSEWHERE}"], [f"A {CAMERA}", f"A {ELSEWHERE}"], ["CNAME x.", f"x. A {ELSEWHERE}"]]
    with ExitStack() as stack:
        server = stack.enter_context(NameServer({"camera.example": turns}))
        camera = Machine(CAMERA)
        elsewhere = Machine(ELSEWHERE, camera.port)
        stack.callback(camera.close)
        stack.callback(elsewhere.close)
        made = reader(loop, Resolver(CameraNetworks(networks(f"{CAMERA}/32")), server=server.address))
        found = [ends(loop, made, f"rtsp://camera.example:{camera.port}/x").cause for _ in turns]
        assert found[0] is not EndCause.FORBIDDEN_ADDRESS
        assert found[1:] == [EndCause.FORBIDDEN_ADDRESS] * 3
        assert (camera.called > 0, elsewhere.called) == (True, 0)
        assert len(server.asked) == len(turns), "one connection asks once"


@READERS
@pytest.mark.parametrize("status", [b"301", b"302", b"305", b"399"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_redirect_is_not_followed(loop: Loop, reader: MakeReader, status: bytes, after: int) -> None:
    elsewhere = Machine(ELSEWHERE)
    moved = b"RTSP/1.0 %b Moved\r\nCSeq: %%d\r\nLocation: rtsp://127.0.0.3:%i/x\r\n\r\n" % (status, elsewhere.port)
    camera = Machine(CAMERA, answers=[OPTIONS][:after] + [moved] * 3)
    made = reader(loop, Resolver(CameraNetworks(networks("127.0.0.0/8"))))
    assert ends(loop, made, f"rtsp://{CAMERA}:{camera.port}/x").cause is EndCause.REDIRECTED
    assert elsewhere.called == 0
    camera.close()
    elsewhere.close()


@pytest.mark.parametrize(
    "moved",
    [
        b"RTSP/1.0 +302 x\r\nCSeq: %d\r\nlOcAtIoN: {}\r\n\r\n",
        b"RTSP/9 4294967598 x\r\nCSeq: %d\r\nLocation: {}\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: 1\r\n\r\nxRTSP/1.0 302 x\r\nCSeq: 2\r\nLocation: {}\r\n\r\n",
        b"RT\rSP/1.0 302 x\r\nCSeq: %d\r\nLoca\rtion: {}\r\n\r\n",
        b"RTSP/1.0 302 x\r\nCSeq: %d\r\n\r\n",
    ],
)
def test_ffmpeg_is_not_given_what_it_may_take_for_a_redirect(loop: Loop, moved: bytes) -> None:
    elsewhere = Machine(ELSEWHERE)
    answer = moved.replace(b"{}", b"rtsp://127.0.0.3:%i/x" % elsewhere.port)
    camera = Machine(CAMERA, answers=[OPTIONS, answer, answer])
    made = ffmpeg(loop, Resolver(CameraNetworks(networks("127.0.0.0/8"))))
    cause = ends(loop, made, f"rtsp://{CAMERA}:{camera.port}/x").cause
    assert cause in (EndCause.REDIRECTED, EndCause.MALFORMED)
    assert elsewhere.called == 0
    camera.close()
    elsewhere.close()
