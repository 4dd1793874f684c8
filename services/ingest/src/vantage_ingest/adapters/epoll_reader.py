"""The default reader: every camera of a worker in one thread, with an RTSP client of our own (design: docs/design).

It reads H.264 and H.265 by RTSP and RTSPS, interleaved in TCP or by UDP. What it does not do ends with NOT_HANDLED, and
the camera is given to the other reader. Nothing waits but the resolver, which has threads of its own.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from vantage.clock import Clock
from vantage_ingest.adapters.epoll_around import Around
from vantage_ingest.adapters.epoll_connection import EpollConnection
from vantage_ingest.adapters.epoll_tls import Trust
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Resolver, Sink, Target

_RESOLVING = 4


class EpollReader:
    """Opens cameras. `open_s` bounds each step of connecting, `read_s` the time without a picture; `authorities` are
    those that may vouch for cameras' certificates, a file of PEM.
    """

    def __init__(
        self,
        loop: Loop,
        resolver: Resolver,
        open_s: float,
        read_s: float,
        clock: Clock,
        *,
        authorities: Path | None = None,
    ) -> None:
        self._resolver = resolver
        self._around = Around(loop, clock, Trust(authorities), open_s, read_s)
        self._pool = ThreadPoolExecutor(_RESOLVING, thread_name_prefix="resolver")

    def open(self, target: Target, sink: Sink) -> EpollConnection:
        """Begin to connect and to read."""
        connection = EpollConnection(target, sink, self._around)
        self._pool.submit(self._resolve, target.url, connection)
        return connection

    def close(self) -> None:
        """Resolve nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _resolve(self, url: str, connection: EpollConnection) -> None:
        if connection.over:  # it was given up while it waited here, behind names that nobody resolves
            return
        try:
            found = self._resolver.address(url)
        except StreamEnded as end:
            self._around.loop.call_soon(partial(connection.resolved, end))
        except Exception as error:  # noqa: BLE001  # a thread of the pool keeps its errors to itself otherwise
            failed = StreamEnded(EndCause.FAILED, type(error).__name__)
            self._around.loop.call_soon(partial(connection.resolved, failed))
        else:
            self._around.loop.call_soon(partial(connection.resolved, found))
