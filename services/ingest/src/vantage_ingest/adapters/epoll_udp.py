"""Packets by UDP: two ports of ours, each bound to the camera's own, so that the kernel drops what others send."""

import random
import socket
from collections.abc import Callable

from vantage_ingest.adapters.epoll_around import Around
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtp_order import ReorderBuffer
from vantage_ingest.domain.rtsp_wire import Span
from vantage_ingest.errors import StreamEnded

_TRIES = 40
_LOWEST, _HIGHEST = 16_384, 65_000
_MOST_A_TURN = 512
_BUFFER = 1 << 20
_ORDER_S = 0.02
_PUNCH = bytes([0x80, 0, *bytes(10)])
"""An RTP packet without a payload: it opens the firewall between us and the camera."""


class UdpPair:
    """An even port for packets and the next for reports (RFC 3550, section 11)."""

    def __init__(self, around: Around, local_ip: str, number: int) -> None:
        self._around = around
        self._number = number
        self._order = ReorderBuffer()
        self._packets, self._reports = _bound(local_ip)
        self._packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._handler: Callable[[], None] | None = None

    @property
    def ports(self) -> tuple[int, int]:
        """Ours."""
        return self._packets.getsockname()[1], self._reports.getsockname()[1]

    def connect(
        self, ip: str, ports: tuple[int, int] | None, packets: Callable[[], None], reports: Callable[[], None]
    ) -> None:
        """Take datagrams from these ports of the camera only, and call the handlers. Raises StreamEnded."""
        if self._handler is not None or ports is None:
            return
        self._handler = packets
        pairs = ((self._packets, ports[0], packets), (self._reports, ports[1], reports))
        try:
            for line, port, handler in pairs:
                line.connect((ip, port))
                line.send(_PUNCH)
                self._around.loop.watch(line.fileno(), handler, number=self._number)
        except OSError as error:
            raise StreamEnded(EndCause.UNREACHABLE, (error.strerror or "no way to it by UDP").lower()) from None

    def take(self, now_us: int) -> tuple[bytes, list[Span]]:
        """The packets that are due, in order. The handler is called again where some wait for an earlier one."""
        found = self._order.take(self._received(self._packets), now_us)
        if self._order.waiting and self._handler is not None:
            self._around.loop.call_later(_ORDER_S, self._handler)
        return found

    def take_reports(self) -> list[bytes]:
        """The camera's reports."""
        return self._received(self._reports)

    def report(self, data: bytes) -> None:
        """Send a report; that it may be lost is in its nature."""
        try:
            self._reports.send(data)
        except OSError:
            return

    def close(self) -> None:
        """Let go of both."""
        for line in (self._packets, self._reports):
            self._around.loop.unwatch(line.fileno())
            line.close()

    def _received(self, line: socket.socket) -> list[bytes]:
        """The datagrams that wait, up to a bound for one turn. A port that is closed at the camera is no error here:
        its TCP connection tells, or the silence.
        """
        datagrams: list[bytes] = []
        view, receive = self._around.view, line.recv_into
        try:
            while len(datagrams) < _MOST_A_TURN:
                datagrams.append(bytes(view[: receive(view)]))
        except OSError:
            return datagrams
        return datagrams


def _bound(ip: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _HIGHEST, 2)  # noqa: S311  # a guess at what is free
        pair = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
        try:
            for number, line in enumerate(pair):
                line.setblocking(False)
                line.bind((ip, port + number))
        except OSError:
            for line in pair:
                line.close()
            continue
        return pair
    raise StreamEnded(EndCause.FAILED, "no two UDP ports in a row are free")
