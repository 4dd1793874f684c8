"""The decoder and the encoder of one stream, from libav, set so that a picture that goes in comes out at once."""

from collections.abc import Iterable
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vantage_ingest.domain.mask_raster import Unmaskable
from vantage_ingest.domain.stream import Codec
from vantage_ingest.masks.burner import full_range

RATE = 25
"""Pictures a second that the encoder reckons with; their times are kept beside it."""
_DECODERS: dict[Codec, str] = {"h264": "h264", "h265": "hevc"}
_DECODER_OPTIONS = {"err_detect": "explode", "max_pixels": str(8192 * 4608)}
_START_CODE = b"\x00\x00\x00\x01"


def annex_b(nals: Iterable[bytes]) -> bytes:
    """NAL units as a byte stream."""
    return b"".join(_START_CODE + nal for nal in nals)


def decoder_of(codec: Codec) -> VideoCodecContext:
    """A decoder that says where it finds a stream wrong, instead of hiding it. Raises Unmaskable."""
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    if not isinstance(decoder, VideoCodecContext):
        msg = f"this installation has no decoder for {codec}"
        raise Unmaskable(msg)
    decoder.thread_count = 1  # threads of its own would hold pictures back
    decoder.options = dict(_DECODER_OPTIONS)
    return decoder


def encoder_for(picture: VideoFrame, crf: int) -> VideoCodecContext:
    """An encoder that gives each picture at once, and keyframes only where it is told to. Raises Unmaskable."""
    try:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, VideoCodecContext)  # noqa: S101
        encoder.width, encoder.height = picture.width, picture.height
        encoder.pix_fmt = picture.format.name
        encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE)
        encoder.color_range = 2 if full_range(picture) else 1
        encoder.colorspace = picture.colorspace
        encoder.color_primaries, encoder.color_trc = picture.color_primaries, picture.color_trc
        encoder.thread_count = 1
        encoder.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "crf": str(crf),
            "forced-idr": "1",
            "x264-params": "keyint=infinite:scenecut=0:bframes=0:open-gop=0:threads=1:sliced-threads=0",
        }
        encoder.open()
    except (FFmpegError, ValueError, LookupError) as error:
        msg = f"no encoder can be made for {picture.width} x {picture.height} ({type(error).__name__})"
        raise Unmaskable(msg) from None
    return encoder
