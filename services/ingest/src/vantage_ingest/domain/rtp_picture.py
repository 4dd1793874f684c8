"""Coded pictures from NAL units that come whole or in fragments, each in a packet of its own time and marker.

A picture ends where the time stamp changes. The marker says so a frame earlier, where a camera sets it as RFC 6184 and
RFC 7798 want: it is trusted once a few pictures had exactly one, and never again after a picture went on behind it
(cameras that set it on each slice). Units without a slice beside them wait for the picture that they belong to.
"""

from vantage_ingest.domain.nal import KEY, NONE, OTHER, ROLES
from vantage_ingest.domain.rtp_clock import RtpClock
from vantage_ingest.domain.stream import AccessUnit, Codec

Opening = tuple[bytes, bytes, bytes]
"""Of a fragmented unit: its header, and how the fragments in its middle and at its end begin."""
LARGEST = 16 * 1024 * 1024
"""Bytes of packets for one picture, looked at once a read. 4:4:4 intra at the highest level stays below it."""
MOST_UNITS = 4096
"""NAL units of one picture; both standards allow some hundred slices."""
_TRUSTED = 3


class PictureBuilder:
    """The picture that is coming in. Written for speed: plain attributes that the packet loop shares."""

    def __init__(self, codec: Codec) -> None:
        self.damaged = 0
        """Pictures of which something is known to be missing; only their whole units were handed over."""
        self.oversized = 0
        """Pictures that were dropped because they passed the limits."""
        self.ignored = 0
        """Packets, or units in them, that are duplicates, another payload's, or broken."""
        self._shortest = 1 if codec == "h264" else 2
        self._roles = ROLES[codec]
        self._clock = RtpClock()
        self._units: list[AccessUnit] = []
        self._nals: list[bytes] = []
        self._fragments: list[bytes] = []
        self._middle = self._last = b""
        self._arrived_us = 0
        self._slices = self._broken = self._dropping = False
        self._kept = self._opened = OTHER
        self._markers = 0
        self._trust: int = 0
        self._ended_stamp = -1
        self._pictures = 0

    def _unit(self, data: bytes, at: int, end: int) -> None:
        """A whole NAL unit."""
        role = self._roles[data[at]]
        if role:
            if role == NONE or end - at <= self._shortest:
                self._malformed()
                return
            self._slice(data[at + self._shortest])
            self._kept = max(self._kept, role)
        self._nals.append(data[at:end])

    def _aggregate(self, data: bytes, at: int, end: int) -> None:
        """Whole units, each behind its length in 16 bits; up to the first that does not fit."""
        while end - at >= 2:
            begin = at + 2
            at = begin + (data[at] << 8 | data[at + 1])
            if begin + self._shortest > at or at > end:
                break
            self._unit(data, begin, at)
        if at != end:
            self._malformed()

    def _fragment(self, opening: Opening, data: bytes, at: int, end: int) -> None:
        """A part of a NAL unit, its flags before it: start and end in the two high bits."""
        fragments, flags = self._fragments, data[at - 1]
        header, middle, last = opening
        if flags & 0x80:
            if fragments:
                self._cut_short()
            role = self._roles[header[0]]
            if role:
                if role == NONE:
                    self._malformed()
                    return
                self._slice(data[at] if at < end else 0)
            fragments.append(header)
            self._opened, self._middle, self._last = role, middle, last
        elif not fragments or fragments[0] != header:
            self._cut_short()
            return
        fragments.append(data[at:end])
        if flags & 0x40:
            self._nals.append(b"".join(fragments))
            self._kept = max(self._kept, self._opened)
            self._no_fragments()

    def _slice(self, first: int) -> None:
        """A coded slice begins; the high bit of `first` says that it is a picture's first (its first_mb_in_slice is 0,
        its first_slice_segment_in_pic_flag is 1).
        """
        if self._slices:
            if self._markers and first & 0x80:
                self._end_picture()
        elif self._clock.stamp == self._ended_stamp and not first & 0x80:
            self._trust = -1
        self._slices = True

    def _marker(self) -> None:
        if self._slices:
            self._markers += 1
            if self._trust >= _TRUSTED and not self._fragments:
                self._ended_stamp = self._clock.stamp
                self._end_picture()

    def _turn(self, stamp: int) -> None:
        """Another time stamp: what came before is a picture, if there is a slice in it."""
        if self._markers and self._trust >= 0:
            self._trust = self._trust + 1 if self._markers == 1 else -1
        if self._slices or self._broken or self._dropping:
            self._close()
        self._clock.advance(stamp)

    def _close(self) -> None:
        """Nothing more comes for this picture."""
        if self._fragments:
            self._cut_short()
        if self._slices or self._broken:
            self._end_picture()
        if self._dropping:
            self._nals.clear()
            self._dropping = False

    def _end_picture(self) -> None:
        """Hand it over, if a slice of it is whole; what else there is waits for the next."""
        if not self._dropping:
            self.damaged += self._broken
            if self._kept:
                clock, nals, keyframe = self._clock, tuple(self._nals), self._kept == KEY
                self._units.append(AccessUnit(clock.pts, keyframe, nals, self._arrived_us, clock.captured_us()))
                self._pictures += 1
                self._nals.clear()
        self._slices = self._broken = False
        self._kept = OTHER
        self._markers = 0

    def _no_fragments(self) -> None:
        self._fragments.clear()
        self._middle = self._last = b""

    def _cut_short(self) -> None:
        """A fragment is missing: none of its unit can be kept."""
        self._no_fragments()
        self._broken = True

    def _malformed(self) -> None:
        self.ignored += 1
        self._cut_short()

    def _drop(self) -> None:
        """The picture passed the limits: nothing of it is kept, and nothing of it that is still to come."""
        if not self._dropping:
            self.oversized += 1
        self._dropping = True
        self._kept = OTHER
        self._nals.clear()
        self._no_fragments()
