"""The socket pair between the supervisor and a worker: a line of JSON a message, and no call that waits.

What does not fit into the socket stays here until `flush`; so a sender looks at `idle` before it makes more.
"""

import socket
from typing import Any, Generic, TypeVar

import msgspec

from vantage_ingest.errors import ChannelClosed

T = TypeVar("T")
_READ = 1 << 18


class Channel(Generic[T]):
    """One end. `kind` is what may come from the other."""

    def __init__(self, end: socket.socket, kind: Any) -> None:
        end.setblocking(False)
        self._end = end
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()
        self._out = bytearray()
        self._in = bytearray()

    def fileno(self) -> int:
        """The socket's descriptor, to be watched for what comes."""
        return self._end.fileno()

    @property
    def idle(self) -> bool:
        """Whether all that was sent is under way."""
        return not self._out

    def send(self, message: msgspec.Struct) -> None:
        """Queue a message. Raises ChannelClosed."""
        self._out += self._encoder.encode(message) + b"\n"
        self.flush()

    def flush(self) -> None:
        """Give the socket what it takes. Raises ChannelClosed."""
        while self._out:
            try:
                del self._out[: self._end.send(self._out)]
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosed from error

    def receive(self) -> list[T]:
        """What has come whole. Raises ChannelClosed where nothing more can come."""
        closed = False
        while not closed:
            try:
                data = self._end.recv(_READ)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            closed = not data
            self._in += data
        *lines, rest = self._in.split(b"\n")
        self._in = rest
        if closed and not lines:
            raise ChannelClosed
        return [self._decoder.decode(line) for line in lines]

    def close(self) -> None:
        """Let go of the socket."""
        self._end.close()
