"""RTP packets of one video (RFC 3550, section 5) into pictures: the code that runs most often in all of Vantage.

Nearly every packet is the middle of a fragmented NAL unit: 14 or 15 bytes that are known beforehand but for the
sequence number, then payload. `feed` handles that one case on locals; all others are methods, and may be slower.
"""

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence

from vantage_ingest.domain.rtcp import SenderReport
from vantage_ingest.domain.rtp_picture import LARGEST, MOST_UNITS, PictureBuilder
from vantage_ingest.domain.rtp_reception import Reception
from vantage_ingest.domain.stream import AccessUnit, ParameterSets

MAX_DROPOUT = 3000
"""Numbers missing that are still a loss; more is a source that began anew (RFC 3550, A.1)."""
MAX_MISORDER = 100
"""How far behind a packet may be to be a duplicate or a late one."""
_FIXED = 12
_header = struct.Struct(">HHII").unpack_from
_PADDED, _EXTENDED, _MARKER, _TYPE = 0x2000, 0x1000, 0x80, 0x7F


class NotHandled(ValueError):
    """The stream is packed in a way that this reader does not unpack; the other reader may."""


class Depacketizer(PictureBuilder, ABC):
    """One connection's packets in, pictures out. `sets` are those that the session description announced.

    Subclasses say what a payload is; `known` is the length of the bytes with which each fragment begins.
    """

    def __init__(self, sets: ParameterSets, payload_type: int, known: int) -> None:
        super().__init__(sets.codec)
        self.sets = sets
        self.restarts = 0
        """How often the source changed in mid-stream, or leapt in its numbers: the camera restarted its encoder."""
        self.reception = Reception()
        self._plain = 0x8000 | payload_type
        self._start = struct.Struct(f">HHQ{known}s")
        self._ssrc = self._expected = self._source = -1
        self._now_us = self._held = 0
        self._early: SenderReport | None = None

    @property
    def lost(self) -> int:
        """Packets known to be missing."""
        return self.reception.lost

    def feed(self, data: bytes, spans: Sequence[tuple[int, int]], arrived_us: int) -> list[AccessUnit]:
        """The pictures that these packets complete: `spans` are their [begin, end) in `data`, in order of arrival;
        `arrived_us` is our clock, UTC microseconds. Raises NotHandled before the first picture only.
        """
        if not spans:
            return []
        units = self._units = []
        self._now_us = arrived_us
        unpack, skip, plain = self._start.unpack_from, self._start.size, self._plain
        fragments, append = self._fragments, self._fragments.append
        expected, middle, last, source = self._expected, self._middle, self._last, self._source
        for begin, end in spans:
            if end - begin >= skip:
                head, sequence, here, start = unpack(data, begin)
                if sequence == expected and here == source:
                    if start == middle and head == plain:
                        append(data[begin + skip : end])
                        expected = sequence + 1 & 0xFFFF
                        continue
                    if start == last and head & ~_MARKER == plain:
                        append(data[begin + skip : end])
                        expected = sequence + 1 & 0xFFFF
                        self._nals.append(b"".join(fragments))
                        self._kept = max(self._kept, self._opened)
                        fragments.clear()
                        middle = last = self._middle = self._last = b""
                        self._arrived_us = arrived_us
                        if head != plain:
                            self._marker()
                        continue
            self._expected = expected
            self._packet(data, begin, end)
            expected, middle, last, source = self._expected, self._middle, self._last, self._source
        self._expected = expected
        self._after(spans[-1][1] - spans[0][0])
        return units

    def flush(self) -> list[AccessUnit]:
        """The picture that is still open, when nothing follows."""
        units = self._units = []
        self._close()
        return units

    def captured(self, report: SenderReport) -> None:
        """Tie the time stamps to the camera's clock: pictures from now on say when it took them. Every report is taken,
        one that contradicts the last as well; one of another source is kept in case that begins.
        """
        if report.source == self._ssrc:
            self._clock.tie(report)
            self.reception.heard(report, self._now_us)
        else:
            self._early = report

    @abstractmethod
    def _payload(self, data: bytes, at: int, end: int) -> None:
        """Take one packet's payload, which is not empty."""

    def _packet(self, data: bytes, begin: int, end: int) -> None:
        """A packet that is not the expected middle of a unit."""
        if end - begin < _FIXED:
            self.ignored += 1
            return
        head, sequence, stamp, ssrc = _header(data, begin)
        at = begin + _FIXED
        if head & ~_MARKER != self._plain:
            if not self._ours(head, ssrc):
                self.ignored += 1
                return
            at, end = _within(data, at, end, head)
        expected = sequence == self._expected and ssrc == self._ssrc
        if not expected and not self._follow(sequence, stamp, ssrc):
            self.ignored += 1
            return
        self._expected = sequence + 1 & 0xFFFF
        if head & _TYPE != self._plain & _TYPE:
            self.ignored += 1
            return
        if stamp != self._clock.stamp:
            self._turn(stamp)
            self._source = stamp << 32 | ssrc
            self._broken = not expected
        self._arrived_us = self._now_us
        if at < end:
            self._payload(data, at, end)
        else:
            self._empty(fits=at == end)
        if head & _MARKER:
            self._marker()

    def _empty(self, *, fits: bool) -> None:
        """A packet without payload. Between fragments none may stand (RFC 6184, 5.8), so there it is one cut off."""
        if not fits:
            self._malformed()
        elif self._fragments:
            self._cut_short()

    def _ours(self, head: int, ssrc: int) -> bool:
        """Whether it is RTP, and of this source where its payload is another: then its number is one of ours."""
        return head >> 14 == 2 and (head & _TYPE == self._plain & _TYPE or ssrc == self._ssrc)

    def _follow(self, sequence: int, stamp: int, ssrc: int) -> bool:
        """Another number or source than expected: whether the packet is to be taken, not late or twice."""
        missing = sequence - self._expected & 0xFFFF
        if ssrc != self._ssrc or MAX_DROPOUT <= missing < 0x10000 - MAX_MISORDER:
            self._begin(sequence, stamp, ssrc)
            return True
        if missing >= MAX_DROPOUT:
            return False
        self.reception.lost += missing
        self._cut_short()
        return True

    def _begin(self, sequence: int, stamp: int, ssrc: int) -> None:
        """A source begins: the first one, another in its place, or the same with other numbers."""
        known = self._ssrc
        if known >= 0:
            self.restarts += 1
            self._close()
        self._expected = sequence
        self.reception.begin(ssrc, sequence)
        if ssrc == known:
            return
        self._clock.begin(stamp, self._now_us - self._arrived_us)
        self._ssrc, self._source, self._ended_stamp = ssrc, stamp << 32 | ssrc, -1
        early, self._early = self._early, None
        if early is not None:
            self.captured(early)

    def _refuse(self, name: str) -> None:
        """A kind of packet that is not unpacked here. In a stream that gave pictures it is a broken packet."""
        if not self._pictures:
            msg = f"it sends {name} packets"
            raise NotHandled(msg)
        self._malformed()

    def _after(self, read: int) -> None:
        """Once a read: keep the statistics, and the limits of a picture."""
        units = self._units
        if units:
            self.reception.arrived(self._expected, units[-1].pts or 0, self._now_us)
        if units or not (self._nals or self._fragments):
            self._held = 0
        self._held += read
        if self._held > LARGEST or len(self._nals) > MOST_UNITS:
            self._drop()
            self._held = 0


def _within(data: bytes, at: int, end: int, head: int) -> tuple[int, int]:
    """Where the payload lies behind contributing sources and extension and before padding; it ends before it begins
    where these do not fit.
    """
    at += 4 * (head >> 8 & 15)
    if head & _EXTENDED:
        at += 4 + (4 * (data[at + 2] << 8 | data[at + 3]) if at + 4 <= end else 0)
    if head & _PADDED:
        end -= data[end - 1] or len(data)
    return at, end
