"""What stands between FFmpeg and a camera: FFmpeg connects to us, and we to the address that was checked.

FFmpeg follows a redirect to wherever a camera says, has no option against it, and checks no certificate. So it is given
a port of ours on loopback, its bytes go on over a line of our own (TLS included), and until it plays nothing that could
be read as a redirect is passed on: FFmpeg redirects only while it connects.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from vantage_ingest.adapters.epoll_tcp import TcpLine
from vantage_ingest.adapters.epoll_tls import Unverified
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtsp_screen import Redirected, Screen, Unscreenable
from vantage_ingest.errors import StreamEnded


class MakeLine(Protocol):
    """Makes the line to the camera, which calls `handler`; with `learn` only to see its certificate."""

    def __call__(self, handler: Callable[[], None], *, learn: bool) -> TcpLine:
        """The line, not connected yet."""
        ...


_MOST_A_READ = 128 * 1024
_MOST_WAITING = 1 << 20


class Relay:
    """One connection of FFmpeg's, passed on in the loop's thread; the thread that opens it may make and close it."""

    def __init__(self, loop: Loop, ip: str, line: MakeLine, number: int = 0) -> None:
        self.end: StreamEnded | None = None
        """Why the camera's side ended, where it did: what FFmpeg says then is only that something broke."""
        self._loop = loop
        self._number = number
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._make_line = line
        self._line: TcpLine | None = None
        self._local: socket.socket | None = None
        self._connected = self._playing = self._over = False
        self._asked = b""
        self._screen = Screen(ip)
        self._unsent = memoryview(b"")
        self._view = memoryview(bytearray(_MOST_A_READ))
        loop.call_soon(self._begin)

    def close(self) -> None:
        """Let go of both sides; from any thread."""
        self._loop.call_soon(self._let_go)

    def _begin(self) -> None:
        if not self._over:
            self._loop.watch(self._listener.fileno(), self._accept, number=self._number)

    def _accept(self) -> None:
        """FFmpeg is there: nobody else is let in, and the camera is called."""
        self._local, _ = self._listener.accept()
        self._local.setblocking(False)
        self._loop.unwatch(self._listener.fileno())
        self._listener.close()
        self._loop.watch(self._local.fileno(), self._from_ffmpeg, number=self._number)
        self._guarded(self._connect)

    def _connect(self, *, learn: bool = False) -> None:
        self._line = self._make_line(lambda: self._guarded(self._from_camera), learn=learn)
        self._line.connect()

    def _from_ffmpeg(self) -> None:
        self._guarded(self._pass_on)

    def _pass_on(self) -> None:
        if self._local is None:
            return
        try:
            asked = self._local.recv(_MOST_A_READ)
        except BlockingIOError:
            return
        if not asked:
            self._let_go()
            return
        self._playing |= asked.startswith(b"PLAY ")
        if self._connected and self._line is not None:
            self._line.send(asked)
        else:
            self._asked += asked

    def _from_camera(self) -> None:
        line = self._line
        if line is None or self._over:
            return
        if not self._connected:
            self._shake(line)
            return
        line.flush()
        if not self._flushed():
            return  # what is not read waits in the kernel, and then at the camera
        size = line.receive(self._view)
        if size > 0:
            self._give(bytes(self._view[:size]))

    def _shake(self, line: TcpLine) -> None:
        try:
            self._connected = line.ready()
        except Unverified:  # connect once more, which ends with the certificate's fingerprint
            line.close()
            self._connect(learn=True)
            return
        if self._connected:
            line.send(self._asked)

    def _give(self, data: bytes) -> None:
        passed = data if self._playing else self._screened(data)
        self._unsent = memoryview(bytes(self._unsent) + passed)
        self._flushed()

    def _screened(self, data: bytes) -> bytes:
        try:
            return self._screen.passed(data)
        except Redirected:
            raise StreamEnded(EndCause.REDIRECTED) from None
        except Unscreenable as error:
            raise StreamEnded(EndCause.MALFORMED, str(error)) from None

    def _flushed(self) -> bool:
        """Whether FFmpeg took enough of what waits for it that the camera may be read."""
        if self._unsent and self._local is not None:
            with suppress(BlockingIOError):
                self._unsent = self._unsent[self._local.send(self._unsent) :]
        return len(self._unsent) < _MOST_WAITING

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except StreamEnded as end:
            self.end = self.end or end
            self._let_go()
        except OSError:  # FFmpeg is gone, or the descriptors are used up: either way this is over
            self._let_go()

    def _let_go(self) -> None:
        if self._over:
            return
        self._over = True
        if self._line is not None:
            self._line.close()
        for one in (self._local, self._listener):
            if one is not None and one.fileno() >= 0:
                self._loop.unwatch(one.fileno())
                one.close()
