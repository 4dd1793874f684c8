"""One camera that the default reader has open: connect, ask for the video, read, report, and one named end.

Phases: the name is resolved, the line connects (and TLS agrees), the session asks, then it plays. Each step up to the
first picture has `open_s`; after it `read_s` may pass without a picture. Nothing that a camera sends leaves a handler:
it ends its own connection, in words.
"""

import secrets
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import structlog

from vantage_ingest import metrics
from vantage_ingest.adapters.epoll_around import Around
from vantage_ingest.adapters.epoll_tcp import TcpLine
from vantage_ingest.adapters.epoll_tls import TlsLine, Unverified
from vantage_ingest.adapters.epoll_udp import UdpPair, received
from vantage_ingest.adapters.loop import Timer
from vantage_ingest.domain import rtcp
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtp import Depacketizer, NotHandled
from vantage_ingest.domain.rtp_formats import depacketizer
from vantage_ingest.domain.rtp_order import ReorderBuffer
from vantage_ingest.domain.rtsp_message import Message, Response
from vantage_ingest.domain.rtsp_session import RtspSession
from vantage_ingest.domain.rtsp_transport import Offer
from vantage_ingest.domain.rtsp_wire import Wire
from vantage_ingest.domain.stream import AccessUnit
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Address, Sink, Target

_REPORT_S = 5.0
_LONGEST_SIGN_S = 30.0
_LOOK_S = 1.0
_REORDER_S = 0.02
_log = structlog.get_logger()


class EpollConnection:
    """A camera's connection. All of it runs in the loop's thread."""

    def __init__(self, target: Target, sink: Sink, around: Around) -> None:
        self._target = target
        self._sink = sink
        self._around = around
        self._wire = Wire()
        self._address: Address | None = None
        self._line: TcpLine | None = None
        self._udp: UdpPair | None = None
        self._order = ReorderBuffer()
        self._session: RtspSession | None = None
        self._unpack: Depacketizer | None = None
        self._over = self._connected = self._opened = False
        self._timer = Timer(self._late)
        self._patience = ""
        self._reads = self._pictures = self._seen = 0
        self._since = self._report_at = self._sign_at = 0.0
        self._source = secrets.randbits(32)
        self._wait("its name was not resolved")

    @property
    def lost_packets(self) -> int:
        """Packets that are known to be missing."""
        return self._unpack.lost if self._unpack is not None else 0

    def close(self) -> None:
        """Say goodbye without waiting; the sink is not called again."""
        if not self._over:
            self._let_go()

    def resolved(self, found: Address | StreamEnded) -> None:
        """Where the camera is, or why that is not known."""
        if not self._over:
            self._guarded(lambda: self._connect(found))

    def _connect(self, found: Address | StreamEnded, *, learn: bool = False) -> None:
        if isinstance(found, StreamEnded):
            raise found
        self._address = found
        self._line = self._made_line(found, learn=learn)
        self._wait("no answer")
        self._line.connect()

    def _made_line(self, address: Address, *, learn: bool) -> TcpLine:
        loop, number = self._around.loop, self._target.number
        if urlsplit(self._target.url).scheme != "rtsps":
            return TcpLine(loop, address.ip, address.port, self._ready, number)
        return TlsLine(
            loop,
            address.ip,
            address.port,
            self._ready,
            number,
            host=address.host,
            trust=self._around.trust,
            certificate=self._target.certificate,
            learn=learn,
        )

    def _ready(self) -> None:
        """The loop says that the line can be read or written. Once pictures come, this is all that runs."""
        if self._over:
            return
        try:
            if self._connected:
                self._read()
            else:
                self._shake()
        except StreamEnded as end:
            self._end(end)
        except NotHandled as error:
            self._end(StreamEnded(EndCause.NOT_HANDLED, str(error)))
        except Exception as error:  # noqa: BLE001  # whatever a camera sends ends its own stream only
            self._failed(error)

    def _read(self) -> None:
        line, wire = self._line, self._wire
        if line is None:
            return
        line.flush()
        view = self._around.view
        size = line.receive(view)
        if size < 0:
            return
        data = wire.rest + view[:size]
        spans = wire.split(data)
        if wire.messages:
            self._talk()
        if spans:
            self._take(data, spans)
        if wire.reports:
            self._heed(data)
        if wire.fault and not self._over:
            known = self._session is not None and self._session.step != "OPTIONS"
            raise StreamEnded(EndCause.MALFORMED if known else EndCause.SILENT, wire.fault)

    def _take(self, data: bytes, spans: Sequence[tuple[int, int]]) -> None:
        """Packets of the video, in order."""
        if self._unpack is None or self._over:
            return
        self._reads += 1
        units = self._unpack.feed(data, spans, self._around.clock.now_us())
        if units:
            self._pictures += len(units)
            if not self._opened:
                self._open()
            self._pass_on(units)

    def _pass_on(self, units: Sequence[AccessUnit]) -> None:
        if not self._over:
            self._sink.units(units)

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
        self._connected = True
        if self._target.transport == "udp":
            self._udp = UdpPair(self._around.loop, line.local_ip, self._target.number)
        offer = Offer(self._udp.ports if self._udp else None)
        self._session = RtspSession(self._target.url, self._target.credential, offer, lambda: secrets.token_hex(8))
        self._ask(line, self._session.begin())

    def _talk(self) -> None:
        """Messages came: answers to ours, or the camera's own questions."""
        line, session = self._line, self._session
        messages, self._wire.messages = self._wire.messages, []
        for message in messages:
            if self._over or line is None or session is None:
                return
            self._ask(line, self._answer(session, message), follows=isinstance(message, Response))
            if session.granted is not None and self._unpack is None:
                self._prepare(session)
            if session.playing and not self._opened:
                self._open()

    def _answer(self, session: RtspSession, message: Message) -> bytes:
        return session.answered(message) if isinstance(message, Response) else session.asked(message)

    def _ask(self, line: TcpLine, data: bytes, *, follows: bool = True) -> None:
        if not data:
            return
        line.send(data)
        if follows and not self._opened and self._session is not None:
            self._wait(f"no answer to {self._session.step}")

    def _prepare(self, session: RtspSession) -> None:
        """It is granted where the packets come: be ready for them before it plays."""
        video, granted, address = session.video, session.granted, self._address
        if video is None or granted is None or address is None:
            return
        self._unpack = depacketizer(video.sets, video.payload_type, video.parameters)
        if granted.channels is not None:
            self._wire.channel, self._wire.report_channel = granted.channels
        if granted.ports is not None and self._udp is not None:
            self._udp.connect(address.ip, granted.ports, self._datagrams, self._udp_reports)

    def _open(self) -> None:
        """It plays."""
        session = self._session
        if session is None or session.video is None:
            return
        self._opened = True
        now = self._around.clock.monotonic()
        self._since, self._report_at = now, now + _REPORT_S
        self._sign_at = now + min(session.timeout_s / 2, _LONGEST_SIGN_S)
        self._timer.cancel()
        self._timer = self._around.loop.call_later(self._look_s, self._look)
        self._sink.opened(session.video.sets)

    @property
    def _look_s(self) -> float:
        return min(_LOOK_S, self._around.read_s / 4)

    def _look(self) -> None:
        """Once a second: see whether it is silent, and whether a report or a sign of life is due."""
        if not self._over:
            self._timer = self._around.loop.call_later(self._look_s, self._look)
            self._guarded(self._keep)

    def _keep(self) -> None:
        now = self._around.clock.monotonic()
        line, session = self._line, self._session
        if line is None or session is None:
            return
        if self._pictures != self._seen:
            self._seen, self._since, self._reads = self._pictures, now, 0
        elif now - self._since >= self._around.read_s:
            raise self._stalled()
        if now >= self._report_at:
            self._report_at = now + _REPORT_S
            self._report(line)
        if now >= self._sign_at:
            self._sign_at = now + min(session.timeout_s / 2, _LONGEST_SIGN_S)
            line.send(session.keep_alive())

    def _stalled(self) -> StreamEnded:
        read_s = self._around.read_s
        if self._reads:
            return StreamEnded(EndCause.MALFORMED, f"packets, but no picture for {read_s:g} s")
        return StreamEnded(EndCause.STALLED, f"nothing for {read_s:g} s")

    def _report(self, line: TcpLine) -> None:
        """How its packets arrive."""
        if self._unpack is None:
            return
        report = self._unpack.reception.report(self._source, self._around.clock.now_us())
        if self._udp is not None:
            self._udp.report(report)
        else:
            line.send(b"$%c%b%b" % (self._wire.report_channel, len(report).to_bytes(2), report))

    def _heed(self, data: bytes) -> None:
        """The camera's own reports."""
        reports, self._wire.reports = self._wire.reports, []
        for begin, end in reports:
            self._hear(rtcp.parse(data, begin, end))

    def _hear(self, said: rtcp.SenderReport | rtcp.Bye | None) -> None:
        if self._over or self._unpack is None:
            return
        if isinstance(said, rtcp.SenderReport):
            self._unpack.captured(said)
        elif said is not None:
            raise StreamEnded(EndCause.ENDED, "by its own goodbye")

    def _datagrams(self) -> None:
        self._guarded(self._unorder)

    def _unorder(self) -> None:
        """Datagrams came, or it is time to give up one that did not."""
        if self._udp is None or self._over:
            return
        came = received(self._udp.packets, self._around.view)
        data, spans = self._order.take(came, self._around.clock.now_us())
        if spans:
            self._take(data, spans)
        if self._order.waiting and not self._over:
            self._around.loop.call_later(_REORDER_S, self._datagrams)

    def _udp_reports(self) -> None:
        self._guarded(self._heed_datagrams)

    def _heed_datagrams(self) -> None:
        if self._udp is not None and not self._over:
            for datagram in received(self._udp.reports, self._around.view):
                self._hear(rtcp.parse(datagram, 0, len(datagram)))

    def _wait(self, patience: str) -> None:
        """A step begins: it has `open_s`."""
        self._timer.cancel()
        self._patience = patience
        self._timer = self._around.loop.call_later(self._around.open_s, self._late)

    def _late(self) -> None:
        if not self._over:
            cause = EndCause.SILENT if self._connected else EndCause.UNREACHABLE
            self._end(StreamEnded(cause, f"{self._patience} within {self._around.open_s:g} s"))

    def _guarded(self, step: Callable[[], None]) -> None:
        """As `_ready` for what the loop calls besides."""
        try:
            step()
        except StreamEnded as end:
            self._end(end)
        except NotHandled as error:
            self._end(StreamEnded(EndCause.NOT_HANDLED, str(error)))
        except Exception as error:  # noqa: BLE001  # as above
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        metrics.FAULTS.labels("reader").inc()
        _log.error("reading a camera failed", reader="native", error=type(error).__name__, exc_info=True)
        self._end(StreamEnded(EndCause.FAILED, type(error).__name__))

    def _end(self, end: StreamEnded) -> None:
        if not self._over:
            self._let_go()
            self._sink.ended(end)

    def _let_go(self) -> None:
        self._over = True
        self._timer.cancel()
        if self._line is not None:
            self._line.close(self._session.farewell() if self._session is not None else b"")
        if self._udp is not None:
            self._udp.close()
