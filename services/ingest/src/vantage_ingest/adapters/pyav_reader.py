"""Cameras by PyAV (FFmpeg): RTSP, video only, never decoded.

What was measured and is handled here: without `probesize` opening takes seconds; FFmpeg's own time-out does not fire
reliably, PyAV's time-out of a read does; a dropped connection ends the loop without an exception, after a packet of
size 0; the first packet has no time stamp; FFmpeg's messages hold the url with its password, so none is passed on.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from vantage.clock import Clock
from vantage_ingest.adapters.pyav_errors import opening_failed, reading_failed
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.nal import is_keyframe, sets_in, split
from vantage_ingest.domain.stream import TICKS, AccessUnit, Codec, ParameterSets, micros
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Target

_CODECS: dict[str, Codec] = {"h264": "h264", "hevc": "h265"}
_AGREEMENT_US = 5_000
_PROTOCOLS = "rtsp,rtsps,rtp,srtp,tcp,tls,udp"


class PyavReader:
    """Opens cameras with FFmpeg's RTSP client. `open_s` bounds each step of connecting, `read_s` each read."""

    def __init__(self, open_s: float, read_s: float, clock: Clock) -> None:
        self._open_s = open_s
        self._read_s = read_s
        self._clock = clock

    @contextmanager
    def open(self, target: Target) -> Iterator["PyavStream"]:
        """Connect and set up the video alone. Raises StreamEnded."""
        container = self._connect(target)
        try:
            yield PyavStream(container, self._read_s, self._clock)
        finally:
            container.close()

    def _connect(self, target: Target) -> InputContainer:
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
            return av.open(target.secret_url, options=options, timeout=(self._open_s, self._read_s))
        except FFmpegError as error:
            waited = self._clock.monotonic() - began
            raise opening_failed(error, waited, self._open_s) from None  # its text holds the password


class PyavStream:
    """One open stream."""

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
        except FFmpegError as error:
            raise reading_failed(error, self._read_s) from None
        raise StreamEnded(EndCause.ENDED, "the connection was closed")

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
        """The camera's clock, where two pictures in a row agree on it: FFmpeg joins the first reference time after a
        sender report to the picture before its own.
        """
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
        raise StreamEnded(EndCause.UNSUPPORTED, "it announces no video")
    return container.streams.video[0]


def _codec(video: VideoStream) -> Codec:
    name = video.codec_context.name
    if name not in _CODECS:
        raise StreamEnded(EndCause.UNSUPPORTED, f"it announces {name}")
    return _CODECS[name]
