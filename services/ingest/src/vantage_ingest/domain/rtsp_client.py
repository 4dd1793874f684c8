"""All of reading a camera by RTSP but its sockets and its clock: what was read in, what to send and pictures out.

Nothing raises here, whatever comes: a stream that cannot go on has its `end`, beside pictures that were still whole.
"""

from collections.abc import Sequence

from vantage_ingest.domain import rtcp
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtp import Depacketizer, NotHandled
from vantage_ingest.domain.rtp_formats import depacketizer
from vantage_ingest.domain.rtsp_auth import Nonce
from vantage_ingest.domain.rtsp_message import Message, Response
from vantage_ingest.domain.rtsp_session import RtspSession
from vantage_ingest.domain.rtsp_transport import Granted, Offer
from vantage_ingest.domain.rtsp_wire import Span, Wire
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded


class RtspClient:
    """One camera's stream. `source` is our number in the reports of how its packets arrive."""

    def __init__(self, url: str, credential: str, offer: Offer, nonce: Nonce, source: int) -> None:
        self._session = RtspSession(url, credential, offer, nonce)
        self._wire = Wire()
        self._unpack: Depacketizer | None = None
        self._source = source
        self._answered = False
        self.outgoing = self._session.begin()
        """What is to be sent; whoever sends it empties it."""
        self.end: StreamEnded | None = None
        """Why nothing follows."""
        self.reads = 0
        """How often packets came, whether pictures came of them or not."""

    @property
    def rest(self) -> bytes:
        """What was read of a frame or message whose end has not come: `take` wants it before what is read next."""
        return self._wire.rest

    @property
    def step(self) -> str:
        """The request that waits for its answer."""
        return self._session.step

    @property
    def playing(self) -> bool:
        """Whether the camera said that it plays."""
        return self._session.playing

    @property
    def granted(self) -> Granted | None:
        """Where its packets come, once that is known."""
        return self._session.granted

    @property
    def timeout_s(self) -> int:
        """After so long without a sign of life the camera may end the session."""
        return self._session.timeout_s

    @property
    def sets(self) -> ParameterSets | None:
        """The parameter sets of the description, once it came."""
        return self._session.video.sets if self._session.video is not None else None

    @property
    def lost(self) -> int:
        """Packets that are known to be missing."""
        return self._unpack.lost if self._unpack is not None else 0

    def take(self, data: bytes, now_us: int) -> Sequence[AccessUnit]:
        """What was read from the connection; the pictures that it completes."""
        wire = self._wire
        spans = wire.split(data)
        if wire.messages:
            self._talk()
        units = self.packets(data, spans, now_us) if spans else ()
        if wire.reports:
            reports, wire.reports = wire.reports, []
            for begin, end in reports:
                self.report_heard(data, begin, end)
        if wire.fault and self.end is None:
            self.end = StreamEnded(EndCause.MALFORMED if self._answered else EndCause.SILENT, wire.fault)
        return units

    def packets(self, data: bytes, spans: Sequence[Span], now_us: int) -> Sequence[AccessUnit]:
        """RTP packets of the video; the pictures that they complete."""
        if self._unpack is None:
            return ()
        self.reads += 1
        try:
            return self._unpack.feed(data, spans, now_us)
        except NotHandled as error:
            self.end = StreamEnded(EndCause.NOT_HANDLED, str(error))
            return ()

    def report_heard(self, data: bytes, begin: int, end: int) -> None:
        """A report of the camera's: its clock, or its goodbye."""
        said = rtcp.parse(data, begin, end)
        if isinstance(said, rtcp.SenderReport) and self._unpack is not None:
            self._unpack.captured(said)
        elif isinstance(said, rtcp.Bye) and self.end is None:
            self.end = StreamEnded(EndCause.ENDED, "by its own goodbye")

    def plays(self) -> None:
        """It sends pictures, whether it has said so or not: from now on what it answers is to signs of life."""
        self._session.playing = True

    def last(self) -> Sequence[AccessUnit]:
        """The picture that is still open, where the camera itself says that it was the last."""
        said = self.end is not None and self.end.cause is EndCause.ENDED
        return self._unpack.flush() if said and self._unpack is not None else ()

    def report(self, now_us: int) -> bytes:
        """How its packets arrive, as it goes over UDP; nothing where none came yet."""
        return self._unpack.reception.report(self._source, now_us) if self._unpack is not None else b""

    def framed(self, report: bytes) -> bytes:
        """The report as it goes into the connection."""
        return b"$%c%b%b" % (self._wire.report_channel, len(report).to_bytes(2), report)

    def keep_alive(self) -> bytes:
        """A sign of life."""
        return self._session.keep_alive()

    def farewell(self) -> bytes:
        """Ends the session at the camera."""
        return self._session.farewell()

    def _talk(self) -> None:
        messages, self._wire.messages = self._wire.messages, []
        try:
            for message in messages:
                self.outgoing += self._answer(message)
                self._prepare()
        except StreamEnded as end:
            self.end = self.end or end
        except NotHandled as error:
            self.end = self.end or StreamEnded(EndCause.NOT_HANDLED, str(error))

    def _answer(self, message: Message) -> bytes:
        if isinstance(message, Response):
            self._answered = True
            return self._session.answered(message)
        return self._session.asked(message)

    def _prepare(self) -> None:
        """Once it is granted where the packets come: be ready for them before it plays."""
        video, granted = self._session.video, self._session.granted
        if self._unpack is None and video is not None and granted is not None:
            self._unpack = depacketizer(video.sets, video.payload_type, video.parameters)
            if granted.channels is not None:
                self._wire.channel, self._wire.report_channel = granted.channels
