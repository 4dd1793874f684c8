"""One stream's pictures in, the same pictures out with the masks burnt in, as H.264.

What comes out was decoded without a fault and blackened: a picture that has anything wrong with it is dropped with all
that refer to it, up to the next keyframe, for a damaged one may show what lies under a mask beside it. A keyframe stays
a keyframe, so fragments keep their boundaries; times are those of the picture that came in.
"""

from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction
from typing import cast

from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from msgspec.structs import replace

from vantage.contracts.camera import Mask
from vantage_ingest.domain.bits import Truncated
from vantage_ingest.domain.h264_order import H264Order
from vantage_ingest.domain.nal import KEY, NONE, ROLES, SLICE, sets_in, split
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.masks.burner import Burner
from vantage_ingest.masks.coders import RATE, annex_b, decoder_of, encoder_for

_MOST_AHEAD = 64
"""Pictures that a decoder may hold back for their order; H.264 and H.265 allow 16."""


class Transcoder:
    """Burns `masks` into one connection's pictures. `dropped` counts those that came in and do not come out,
    `skipped` those before the first keyframe.

    `crf` is libx264's measure of quality, lower is better and larger.
    """

    def __init__(self, masks: Sequence[Mask], sets: ParameterSets, crf: int) -> None:
        self._burner = Burner(masks)
        self._sets = sets
        self._crf = crf
        self._decoder = decoder_of(sets.codec)
        self._order = H264Order()
        self._encoder: VideoCodecContext | None = None
        self._look: tuple[object, ...] = ()
        self._number = 0
        self._inside: OrderedDict[int, AccessUnit] = OrderedDict()
        self._sound = False
        self._begun = False
        self.dropped = self.skipped = 0

    def feed(self, unit: AccessUnit) -> list[AccessUnit]:
        """The next picture in the order of decoding; gives those that are ready. Raises Unmaskable.

        What is no picture (an SEI by itself) goes: it says things of pictures that are not kept.
        """
        roles = ROLES[self._sets.codec]
        unit = replace(unit, nals=tuple(nal for nal in unit.nals if nal and roles[nal[0]] != NONE))
        self._learn(unit)
        if not any(roles[nal[0]] in (SLICE, KEY) for nal in unit.nals):
            return []
        if unit.keyframe and not self._sound:
            self._order.reset()
            self._sound = True
        if self._sound and not self._follows(unit):
            self._damaged()
        if not self._sound:
            self.dropped += self._number > 0
            self.skipped += self._number == 0
            return []
        self._number += 1
        self._inside[self._number] = unit
        packet = cast("Packet[VideoStream]", Packet(self._bytes(unit)))
        packet.pts = packet.dts = self._number
        return self._through(packet)

    def flush(self) -> list[AccessUnit]:
        """What the decoder still holds, when the stream has ended."""
        made = self._through(None) if self._sound else []
        self.dropped += len(self._inside)
        self._inside.clear()
        return made

    def _follows(self, unit: AccessUnit) -> bool:
        """Whether all that the picture may refer to came; FFmpeg itself sees to that in H.265."""
        try:
            return self._sets.codec == "h265" or self._order.follows(unit)
        except Truncated:
            return False

    def _through(self, packet: "Packet[VideoStream] | None") -> list[AccessUnit]:
        try:
            frames = self._decoder.decode(packet)
        except FFmpegError:
            self._damaged()
            return []
        made: list[AccessUnit] = []
        for frame in frames:
            if frame.is_corrupt:
                self._damaged()
                return made
            made += self._coded(frame)
        return made

    def _damaged(self) -> None:
        """Drop what the decoder holds, and all up to the next keyframe."""
        self._decoder.flush_buffers()
        self._sound = self._begun = False
        self.dropped += len(self._inside)
        self._inside.clear()

    def _coded(self, frame: VideoFrame) -> list[AccessUnit]:
        number = frame.pts
        unit = self._inside.pop(number, None) if number is not None else None
        if unit is None or number is None:
            return []
        self._forget_before(number - _MOST_AHEAD)
        picture = self._burner.burn(frame)
        encoder = self._encoder_for(picture)
        picture.pts, picture.time_base = number, Fraction(1, RATE)
        picture.pict_type = PictureType.NONE if self._begun and not unit.keyframe else PictureType.I
        self._begun = True
        return [_unit(packet, unit) for packet in encoder.encode(picture)]

    def _forget_before(self, number: int) -> None:
        """Pictures that never came out: fields that became one frame, or leading ones without their reference."""
        while self._inside and next(iter(self._inside)) < number:
            self._inside.popitem(last=False)
            self.dropped += 1

    def _encoder_for(self, picture: VideoFrame) -> VideoCodecContext:
        colour = (picture.colorspace, picture.color_primaries, picture.color_trc)
        look = (picture.width, picture.height, picture.format.name, picture.color_range, *colour)
        if self._encoder is None or look != self._look:
            self._encoder, self._look, self._begun = encoder_for(picture, self._crf), look, False
        return self._encoder

    def _bytes(self, unit: AccessUnit) -> bytes:
        """The picture as the decoder wants it; a keyframe that comes without its parameter sets gets those known."""
        if not unit.keyframe or sets_in(self._sets.codec, unit.nals).complete:
            return annex_b(unit.nals)
        return annex_b((*self._sets.vps, *self._sets.sps, *self._sets.pps, *unit.nals))

    def _learn(self, unit: AccessUnit) -> None:
        """Keep the parameter sets that come; the numbers of H.264 pictures are written as they say."""
        known, seen = self._sets, sets_in(self._sets.codec, unit.nals)
        if seen.sps or seen.pps or seen.vps:
            self._sets = ParameterSets(known.codec, seen.sps or known.sps, seen.pps or known.pps, seen.vps or known.vps)
        if unit.keyframe and known.codec == "h264" and self._sets.sps:
            self._order.use(self._sets.sps[0])


def _unit(packet: "Packet[VideoStream]", unit: AccessUnit) -> AccessUnit:
    return AccessUnit(
        pts=unit.pts,
        keyframe=packet.is_keyframe,
        nals=split(bytes(packet)),
        arrived_us=unit.arrived_us,
        captured_us=unit.captured_us,
        timed=unit.timed,
    )
