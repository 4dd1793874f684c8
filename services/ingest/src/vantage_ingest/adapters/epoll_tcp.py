"""A camera's TCP connection that nothing waits for: what cannot be sent now is kept, within a bound, and sent later."""

import os
import socket
from collections.abc import Callable

from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

_MOST_UNSENT = 64 * 1024
_IN_PROGRESS = 115  # EINPROGRESS


class TcpLine:
    """Connects to an address and reads and writes when the loop says so. Raises StreamEnded where that fails."""

    def __init__(self, loop: Loop, ip: str, port: int, handler: Callable[[], None], number: int) -> None:
        self._loop = loop
        self._handler = handler
        self._number = number
        self._unsent = b""
        self._peer = (ip, port)
        self._socket = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)

    @property
    def local_ip(self) -> str:
        """Our own address on the way to the camera, once it is connected."""
        return str(self._socket.getsockname()[0])

    def connect(self) -> None:
        """Begin to connect."""
        error = self._socket.connect_ex(self._peer)
        if error not in (0, _IN_PROGRESS):
            raise _unreachable(error)
        self._watch(write=True)

    def ready(self) -> bool:
        """Whether it is connected; to be asked when the loop calls."""
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise _unreachable(error)
        self._watch(write=False)
        return True

    def receive(self, view: memoryview) -> int:
        """Read into the view: how many bytes, or -1 where there are none now. Raises StreamEnded at the end."""
        try:
            size = self._socket.recv_into(view)
        except BlockingIOError:
            return -1
        except OSError as error:
            raise StreamEnded(EndCause.ENDED, _words(error.errno)) from None
        if not size:
            raise StreamEnded(EndCause.ENDED, "the connection was closed")
        return size

    def send(self, data: bytes) -> None:
        """Send now or soon. A camera that takes nothing is ended rather than waited for."""
        self._unsent += data
        if len(self._unsent) > _MOST_UNSENT:
            raise StreamEnded(EndCause.MALFORMED, "it asks, but does not take the answers")
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as it goes."""
        if not self._unsent:
            return
        try:
            sent = self._write(self._unsent)
        except OSError as error:
            raise StreamEnded(EndCause.ENDED, _words(error.errno)) from None
        self._unsent = self._unsent[sent:]
        self._watch(write=bool(self._unsent))

    def close(self, farewell: bytes = b"") -> None:
        """Say farewell if it goes without waiting, and let go. Raises nothing."""
        try:
            if farewell and not self._unsent:
                self._write(farewell)
        except OSError:  # whoever is gone needs no farewell
            pass
        self._loop.unwatch(self._socket.fileno())
        self._socket.close()

    def _write(self, data: bytes) -> int:
        """How much of it could be sent."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def _watch(self, *, write: bool) -> None:
        self._loop.watch(self._socket.fileno(), self._handler, write=write, number=self._number)


def _unreachable(error: int) -> StreamEnded:
    return StreamEnded(EndCause.UNREACHABLE, _words(error))


def _words(error: int | None) -> str:
    return os.strerror(error).lower() if error else "the connection broke"
