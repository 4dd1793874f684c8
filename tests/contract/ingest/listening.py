"""What the tests of readers share: a sink that holds the reader to the port, and a loop that is turned by the test."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from vantage.clock import SystemClock
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Connection, Reader, Target

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Place:
    host: str
    ip: str
    port: int


class AnyAddress:
    """A resolver that checks nothing; what the real one refuses has tests of its own."""

    def address(self, url: str) -> Place:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return Place(host, "127.0.0.1" if host == "localhost" else host, parts.port or 554)


class Listener:
    """A sink. Whoever breaks the port's promises fails the test at the call."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.sets: ParameterSets | None = None
        self.pictures: list[AccessUnit] = []
        self.end: StreamEnded | None = None
        self.closed = False
        self.broken: list[str] = []

    def opened(self, sets: ParameterSets) -> None:
        self._hold(self.sets is None and not self.pictures, "opened twice or late")
        self.sets = sets

    def units(self, units: Sequence[AccessUnit]) -> None:
        self._hold(self.sets is not None, "pictures before it was opened")
        self._hold(bool(units), "no pictures at all")
        self.pictures += units

    def ended(self, end: StreamEnded) -> None:
        self._hold(True, "")
        self.end = end

    @property
    def cause(self) -> EndCause | None:
        return self.end.cause if self.end else None

    def _hold(self, kept: bool, promise: str) -> None:
        if not kept:
            self.broken.append(promise)
        if self.end is not None:
            self.broken.append("called after the end")
        if self.closed:
            self.broken.append("called after it was closed")
        if threading.get_ident() != self.thread:
            self.broken.append("called from another thread")


class Room:
    """A loop with a reader in it."""

    def __init__(self, make: Callable[[Loop], Reader]) -> None:
        self.loop = Loop(SystemClock())
        self._reader = make(self.loop)
        self._connections: list[tuple[Connection, Listener]] = []

    def open(
        self, url: str, credential: str = "", *, transport: str = "tcp", certificate: str | None = None
    ) -> tuple[Connection, Listener]:
        listener = Listener()
        connection = self._reader.open(Target(url, credential, transport, certificate), listener)
        self._connections.append((connection, listener))
        return connection, listener

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
            self.loop.turn()

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.loop.call_soon(lambda: None)
            self.loop.turn()

    def pictures(self, listener: Listener, count: int) -> list[AccessUnit]:
        """So many more pictures, while the stream goes on."""
        begin = len(listener.pictures)
        self.until(lambda: listener.end or len(listener.pictures) >= begin + count, f"{count} pictures")
        assert listener.end is None
        return listener.pictures[begin : begin + count]

    def end(self, listener: Listener) -> StreamEnded:
        self.until(lambda: listener.end, "its end")
        assert listener.end is not None
        return listener.end

    def leave(self) -> None:
        """Close all, and see that every promise was kept."""
        for connection, listener in self._connections:
            connection.close()
            listener.closed = True
        self.turns(20)
        self.loop.close()
        assert [promise for _, listener in self._connections for promise in listener.broken] == []
