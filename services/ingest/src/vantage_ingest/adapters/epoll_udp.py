"""Packets by UDP: two ports of ours, each bound to the camera's own, so that the kernel drops what others send."""

import random
import socket
from collections.abc import Callable

from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded

_TRIES = 40
_LOWEST, _HIGHEST = 16_384, 65_000
_MOST_A_TURN = 512
_BUFFER = 1 << 20
_PUNCH = bytes([0x80, 0, *bytes(10)])
"""An RTP packet without a payload: it opens the firewall between us and the camera."""


class UdpPair:
    """An even port for packets and the next for reports (RFC 3550, section 11)."""

    def __init__(self, loop: Loop, local_ip: str, number: int) -> None:
        self._loop = loop
        self._number = number
        self.packets, self.reports = _bound(local_ip)
        for one in (self.packets, self.reports):
            one.setblocking(False)
        self.packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    @property
    def ports(self) -> tuple[int, int]:
        """Ours."""
        return self.packets.getsockname()[1], self.reports.getsockname()[1]

    def connect(
        self, ip: str, ports: tuple[int, int], packets: Callable[[], None], reports: Callable[[], None]
    ) -> None:
        """Take datagrams from these ports of the camera only, and call the handlers. Raises StreamEnded."""
        try:
            for one, port, handler in zip((self.packets, self.reports), ports, (packets, reports), strict=True):
                one.connect((ip, port))
                one.send(_PUNCH)
                self._loop.watch(one.fileno(), handler, number=self._number)
        except OSError as error:
            raise StreamEnded(EndCause.UNREACHABLE, (error.strerror or "no way to it by UDP").lower()) from None

    def report(self, data: bytes) -> None:
        """Send a report; that it may be lost is in its nature."""
        try:
            self.reports.send(data)
        except OSError:
            return

    def close(self) -> None:
        """Let go of both."""
        for one in (self.packets, self.reports):
            self._loop.unwatch(one.fileno())
            one.close()


def received(line: socket.socket, view: memoryview) -> list[bytes]:
    """The datagrams that wait, up to a bound for one turn. A port that is closed at the camera is no error here: its
    TCP connection tells, or the silence.
    """
    datagrams: list[bytes] = []
    receive = line.recv_into
    try:
        while len(datagrams) < _MOST_A_TURN:
            datagrams.append(bytes(view[: receive(view)]))
    except OSError:
        pass
    return datagrams


def _bound(ip: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _HIGHEST, 2)  # noqa: S311  # a guess at what is free
        pair = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
        try:
            pair[0].bind((ip, port))
            pair[1].bind((ip, port + 1))
        except OSError:
            for one in pair:
                one.close()
            continue
        return pair
    raise StreamEnded(EndCause.FAILED, "no two UDP ports in a row are free")
