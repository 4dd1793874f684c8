"""One stream that FFmpeg has open: its pictures as they come, video only, never decoded.

What was measured and is handled here: a dropped connection ends the loop without an exception, after a packet of size
0; the first packet has no time stamp; the first reference time after a sender report is at the picture before its own.
"""

import struct
from collections.abc import Iterator
from typing import cast

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from vantage.clock import Clock
from vantage_ingest.adapters.pyav_errors import reading_failed
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.nal import is_keyframe, sets_in, split
from vantage_ingest.domain.stream import TICKS, AccessUnit, Codec, ParameterSets, micros
from vantage_ingest.errors import StreamEnded

_CODECS: dict[str, Codec] = {"h264": "h264", "hevc": "h265"}
_AGREEMENT_US = 5_000


class PyavStream:
    """The video of an open container. Making one raises StreamEnded where that has none of ours."""

    def __init__(self, container: InputContainer, read_s: float, clock: Clock) -> None:
        self._container = container
        self._read_s = read_s
        self._clock = clock
        self._video = _video(container)
        self._codec = _codec(self._video)
        self._tie: int | None = None

    @property
    def sets(self) -> ParameterSets:
        """The parameter sets of the session description; empty where it has none."""
        return sets_in(self._codec, split(self._video.codec_context.extradata or b""))

    def units(self) -> Iterator[AccessUnit]:
        """The pictures as they come. Raises StreamEnded at the end."""
        try:
            yield from self._timed()
            ended = StreamEnded(EndCause.ENDED, "the connection was closed")
        except FFmpegError as error:
            ended = reading_failed(error, self._read_s)
        raise ended  # out here, so that FFmpeg's error, which may hold the password, does not go with it

    def _timed(self) -> Iterator[AccessUnit]:
        """Give the first picture, which has no time stamp, the one before the second's."""
        packets = self._packets()
        first = next(packets, None)
        second = next(packets, None)
        if first is None:
            return
        following = second.pts if second is not None else None
        guessed = None if following is None else following - (self._ticks(first.duration) or TICKS // 25)
        yield self._unit(first, guessed)
        if second is not None:
            yield self._unit(second, None)
        yield from (self._unit(packet, None) for packet in packets)

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        for packet in self._container.demux(self._video):
            if packet.size == 0:  # FFmpeg's sign that nothing follows
                return
            yield packet

    def _unit(self, packet: "Packet[VideoStream]", guessed: int | None) -> AccessUnit:
        nals = split(bytes(packet))
        pts = self._ticks(packet.pts)
        return AccessUnit(
            pts=guessed if pts is None else pts,
            keyframe=is_keyframe(self._codec, nals),
            nals=nals,
            arrived_us=self._clock.now_us(),
            captured_us=self._captured(packet, pts),
        )

    def _captured(self, packet: "Packet[VideoStream]", pts: int | None) -> int | None:
        """The camera's clock, where two pictures in a row agree on it."""
        reference = _reference_time(packet)
        if reference is None or pts is None:
            return None
        before, self._tie = self._tie, reference - micros(pts)
        return reference if before is not None and abs(self._tie - before) <= _AGREEMENT_US else None

    def _ticks(self, value: int | None) -> int | None:
        base = self._video.time_base
        if value is None or base is None or base.denominator == TICKS:
            return value
        return round(value * base * TICKS)


def _reference_time(packet: "Packet[VideoStream]") -> int | None:
    """The camera's clock, UTC microseconds: the producer reference time that FFmpeg derives from sender reports."""
    if not packet.has_sidedata("prft"):
        return None
    (moment,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
    return cast("int", moment)


def _video(container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise StreamEnded(EndCause.NOT_PLAYED, "it announces no video")
    return container.streams.video[0]


def _codec(video: VideoStream) -> Codec:
    name = video.codec_context.name
    if name not in _CODECS:
        raise StreamEnded(EndCause.UNSUPPORTED, f"it announces {name}")
    return _CODECS[name]
