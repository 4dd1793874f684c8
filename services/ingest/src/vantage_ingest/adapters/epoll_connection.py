"""One camera that the default reader has open: its sockets, its time-outs, and one named end.

The name is resolved, the line connects (and TLS agrees), the client asks, then it plays. Each step up to that has
`open_s`; after it `read_s` may pass without a picture. Nothing that a camera sends leaves a handler.
"""

import secrets
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import structlog

from vantage_ingest import metrics
from vantage_ingest.adapters.epoll_around import Around
from vantage_ingest.adapters.epoll_tcp import TcpLine
from vantage_ingest.adapters.epoll_tls import TlsLine, Unverified
from vantage_ingest.adapters.epoll_udp import UdpPair
from vantage_ingest.adapters.loop import Timer
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtsp_client import RtspClient
from vantage_ingest.domain.rtsp_pulse import Pulse
from vantage_ingest.domain.rtsp_transport import Offer
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Address, Sink, Target

_LOOK_S = 1.0
_log = structlog.get_logger()


class EpollConnection:
    """A camera's connection. All of it runs in the loop's thread."""

    def __init__(self, target: Target, sink: Sink, around: Around) -> None:
        self._target = target
        self._sink = sink
        self._around = around
        self._address: Address | None = None
        self._line: TcpLine | None = None
        self._udp: UdpPair | None = None
        self._client: RtspClient | None = None
        self._over = self._opened = False
        self._timer = Timer(self._late)
        self._patience = ""
        self._pictures = 0
        self._pulse: Pulse | None = None
        self._wait("its name was not resolved")

    @property
    def lost_packets(self) -> int:
        """Packets that are known to be missing."""
        return self._client.lost if self._client is not None else 0

    @property
    def over(self) -> bool:
        """Whether it has ended or was closed."""
        return self._over

    def close(self) -> None:
        """Say goodbye without waiting; the sink is not called again."""
        if not self._over:
            self._let_go()

    def resolved(self, found: Address | StreamEnded) -> None:
        """Where the camera is, or why that is not known."""
        if isinstance(found, StreamEnded):
            self._end(found)
        elif not self._over:
            self._guarded(lambda: self._connect(found))

    def _connect(self, found: Address, *, learn: bool = False) -> None:
        loop, number = self._around.loop, self._target.number
        self._address = found
        if urlsplit(self._target.url).scheme == "rtsps":
            self._line = TlsLine(
                *(loop, found.ip, found.port, self._ready, number),
                host=found.host,
                trust=self._around.trust,
                certificate=self._target.certificate,
                learn=learn,
            )
        else:
            self._line = TcpLine(loop, found.ip, found.port, self._ready, number)
        self._wait("no answer")
        self._line.connect()

    def _ready(self) -> None:
        """The loop says that the line can be read or written."""
        self._guarded(self._shake if self._client is None else self._read)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Whatever a camera sends ends its own stream only."""
        if self._over:
            return
        try:
            step()
        except StreamEnded as end:
            self._end(end)
        except Exception as error:  # noqa: BLE001  # it is told, and ends this stream
            metrics.FAULTS.labels("reader").inc()
            _log.exception("reading a camera failed", reader="native")
            self._end(StreamEnded(EndCause.FAILED, type(error).__name__))

    def _shake(self) -> None:
        """Connecting, or agreeing on TLS, goes on; when it is done the dialogue begins."""
        line, address = self._line, self._address
        if line is None or address is None:
            return
        try:
            if not line.ready():
                return
        except Unverified:  # connect once more only to see the certificate, which ends with its fingerprint
            line.close()
            self._connect(address, learn=True)
            return
        if self._target.transport == "udp":
            self._udp = UdpPair(self._around, line.local_ip, self._target.number)
        offer = Offer(self._udp.ports if self._udp is not None else None)
        target, source = self._target, secrets.randbits(32)
        self._client = RtspClient(target.url, target.credential, offer, lambda: secrets.token_hex(8), source)
        self._say(line, self._client)

    def _read(self) -> None:
        """Once pictures come, this is all that runs."""
        line, client, around = self._line, self._client, self._around
        if line is None or client is None:
            return
        line.flush()
        size = line.receive(around.view)
        if size >= 0:
            units = client.take(client.rest + around.view[:size], around.clock.now_us())
            if client.outgoing:
                self._say(line, client)
            self._pass_on(client, units)

    def _pass_on(self, client: RtspClient, units: Sequence[AccessUnit]) -> None:
        """What the client made of something read."""
        if not self._opened:
            self._look_ahead(client, playing=client.playing or bool(units))
        if client.end is not None:
            units = [*units, *client.last()]
        if units and self._opened:
            self._pictures += len(units)
            self._sink.units(units)
        if client.end is not None:
            self._end(client.end)

    def _say(self, line: TcpLine, client: RtspClient) -> None:
        outgoing, client.outgoing = client.outgoing, b""
        if not self._opened:
            self._wait(f"no answer to {client.step}")
        line.send(outgoing)

    def _look_ahead(self, client: RtspClient, *, playing: bool) -> None:
        """Before it plays: be ready for its datagrams, then say that it is open."""
        if self._udp is not None and client.granted is not None and self._address is not None:
            self._udp.connect(self._address.ip, client.granted.ports, self._datagrams, self._reports)
        sets = client.sets
        if playing and sets is not None:
            self._open(client, sets)

    def _open(self, client: RtspClient, sets: ParameterSets) -> None:
        self._opened = True
        client.plays()
        self._pulse = Pulse(self._around.clock.monotonic(), self._around.read_s, client.timeout_s)
        self._timer.cancel()
        self._look()
        self._sink.opened(sets)

    def _datagrams(self) -> None:
        self._guarded(self._take_datagrams)

    def _take_datagrams(self) -> None:
        """Packets came by UDP, or it is time to give up one that did not."""
        if self._udp is not None and self._client is not None:
            now_us = self._around.clock.now_us()
            data, spans = self._udp.take(now_us)
            if spans:
                self._pass_on(self._client, self._client.packets(data, spans, now_us))

    def _reports(self) -> None:
        self._guarded(self._take_reports)

    def _take_reports(self) -> None:
        if self._udp is not None and self._client is not None:
            for datagram in self._udp.take_reports():
                self._client.report_heard(datagram, 0, len(datagram))
            self._pass_on(self._client, ())

    def _look(self) -> None:
        """Once a second, or more often where a silence is to be found sooner."""
        if not self._over:
            self._timer = self._around.loop.call_later(min(_LOOK_S, self._around.read_s / 4), self._look)
            self._guarded(self._keep)

    def _keep(self) -> None:
        """See whether it is silent, and send what is due."""
        now = self._around.clock.monotonic()
        line, client, pulse = self._line, self._client, self._pulse
        if line is None or client is None or pulse is None:
            return
        if (end := pulse.silence(now, self._pictures, client.reads)) is not None:
            raise end
        if pulse.report_due(now):
            self._report(line, client)
        if pulse.sign_due(now):
            line.send(client.keep_alive())

    def _report(self, line: TcpLine, client: RtspClient) -> None:
        report = client.report(self._around.clock.now_us())
        if self._udp is not None:
            self._udp.report(report)
        else:
            line.send(client.framed(report))

    def _wait(self, patience: str) -> None:
        """A step begins: it has `open_s`."""
        self._timer.cancel()
        self._patience = patience
        self._timer = self._around.loop.call_later(self._around.open_s, self._late)

    def _late(self) -> None:
        cause = EndCause.UNREACHABLE if self._client is None else EndCause.SILENT
        self._end(StreamEnded(cause, f"{self._patience} within {self._around.open_s:g} s"))

    def _end(self, end: StreamEnded) -> None:
        if not self._over:
            self._let_go()
            self._sink.ended(end)

    def _let_go(self) -> None:
        self._over = True
        self._timer.cancel()
        if self._line is not None:
            self._line.close(self._client.farewell() if self._client is not None else b"")
        if self._udp is not None:
            self._udp.close()
