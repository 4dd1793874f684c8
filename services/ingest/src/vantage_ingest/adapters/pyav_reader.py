"""Cameras by PyAV (FFmpeg), for those that the default reader does not handle: a thread a camera.

Without `probesize` opening takes seconds; FFmpeg's own time-out does not fire reliably, PyAV's time-out of a read does;
FFmpeg's messages hold the url with its password, so none is passed on.
"""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import av
import structlog
from av.container import InputContainer
from av.error import FFmpegError

from vantage.clock import Clock
from vantage_ingest.adapters.epoll_tcp import TcpLine
from vantage_ingest.adapters.epoll_tls import TlsLine, Trust
from vantage_ingest.adapters.handover import Handover
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_errors import opening_failed
from vantage_ingest.adapters.pyav_relay import Relay
from vantage_ingest.adapters.pyav_stream import PyavStream
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtsp_url import pinned
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Address, Notes, Resolver, Sink, Target

_PROTOCOLS = "rtsp,rtp,tcp,udp"
_log = structlog.get_logger()
_number = count(1)


class PyavReader:
    """Opens cameras with FFmpeg's RTSP client. `open_s` bounds each step of connecting, `read_s` each read.

    FFmpeg may crash on what a camera sends: `notes` are told which thread reads which camera. It connects through a
    relay, because it would follow a redirect and checks no certificate; `authorities` are as with the default reader.
    """

    def __init__(
        self,
        loop: Loop,
        resolver: Resolver,
        open_s: float,
        read_s: float,
        clock: Clock,
        *,
        notes: Notes | None = None,
        authorities: Path | None = None,
    ) -> None:
        self._loop = loop
        self._resolver = resolver
        self._open_s = open_s
        self._read_s = read_s
        self._clock = clock
        self._notes = notes
        self._trust = Trust(authorities)

    def open(self, target: Target, sink: Sink) -> "PyavConnection":
        """Begin to connect and to read, in a thread of the camera's own."""
        handover = Handover(self._loop, sink)
        name = f"pyav-{next(_number)}"
        threading.Thread(target=self._read, args=(target, handover), name=name, daemon=True).start()
        return PyavConnection(handover)

    def _read(self, target: Target, handover: Handover) -> None:
        try:
            with self._notes.thread(target.number) if self._notes else nullcontext():
                self._pass_on(target, handover)
        except StreamEnded as end:
            handover.ended(end)
        except Exception as error:  # noqa: BLE001  # its text, and the frames of its trace, may hold the password
            _log.error("reading a camera failed", reader="ffmpeg", error=type(error).__name__)
            handover.ended(StreamEnded(EndCause.FAILED, type(error).__name__))

    def _pass_on(self, target: Target, handover: Handover) -> None:
        address = self._resolver.address(target.url)
        relay = Relay(self._loop, address.ip, partial(self._line, target, address), target.number)
        try:
            self._read_through(relay, target, handover)
        except StreamEnded as end:
            known = relay.end  # why its side broke, of which FFmpeg knows only that it did; but not a plain end, before
            raise (end if known is None or known.cause is EndCause.ENDED else known) from None  # which it had an answer
        finally:
            relay.close()

    def _read_through(self, relay: Relay, target: Target, handover: Handover) -> None:
        container = self._connect(relay, target)
        try:
            stream = PyavStream(container, self._read_s, self._clock)
            handover.opened(stream.sets)
            for unit in stream.units():
                if not handover.unit(unit):
                    return
        finally:
            container.close()

    def _line(self, target: Target, address: Address, handler: Callable[[], None], *, learn: bool) -> TcpLine:
        """The connection to the camera itself."""
        if urlsplit(target.url).scheme != "rtsps":
            return TcpLine(self._loop, address.ip, address.port, handler, target.number)
        return TlsLine(
            self._loop,
            address.ip,
            address.port,
            handler,
            target.number,
            host=address.host,
            trust=self._trust,
            certificate=target.certificate,
            learn=learn,
        )

    def _connect(self, relay: Relay, target: Target) -> InputContainer:
        began = self._clock.monotonic()
        options = {
            "rtsp_transport": target.transport,
            "allowed_media_types": "video",
            "protocol_whitelist": _PROTOCOLS,
            "timeout": str(round(self._open_s * 1e6)),
            "probesize": "32",
            "fpsprobesize": "0",
        }
        try:
            url = pinned(target.url, "127.0.0.1", relay.port, target.credential).replace("rtsps://", "rtsp://", 1)
            return av.open(url, options=options, timeout=(self._open_s, self._read_s))
        except FFmpegError as error:
            waited = self._clock.monotonic() - began
            failed = opening_failed(error, waited, self._open_s)
        raise failed  # out here, so that FFmpeg's error, which holds the password, does not go with it


class PyavConnection:
    """A camera that is read in a thread, which ends with its next picture after `close`, or when its read times out."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover

    @property
    def lost_packets(self) -> int:
        """FFmpeg does not say."""
        return 0

    def close(self) -> None:
        """The sink is not called again."""
        self._handover.close()
