"""What the tests of ingest share: pictures that a real encoder made, and the pieces of a fragment without one."""

import hashlib
import io
from collections.abc import Callable, Sequence
from fractions import Fraction as Rational
from functools import cache

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.cutter import Break
from vantage_ingest.domain.nal import is_keyframe, split
from vantage_ingest.domain.stream import TICKS, AccessUnit, Codec

NOW_US = 1_790_000_000_000_000
RATE = 25
WIDTH, HEIGHT = 150, 98
"""Not a multiple of 16, so that a reader that forgets the cropping is found out."""


@cache
def coded(codec: Codec, frames: int = 60, gop: int = 25, b_frames: int = 0) -> tuple[AccessUnit, ...]:
    """Pictures from libx264 or libx265, in the order of decoding, as a camera sends them: parameter sets in band."""
    encoder = av.CodecContext.create({"h264": "libx264", "h265": "libx265"}[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Rational(1, RATE), Rational(RATE)
    shared = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:open-gop=0"
    quiet = {"h264": "", "h265": ":log-level=0:repeat-headers=1:annexb=1"}[codec]
    encoder.options = {"preset": "ultrafast", {"h264": "x264-params", "h265": "x265-params"}[codec]: shared + quiet}
    packets = [packet for number in range(frames) for packet in encoder.encode(_picture(number))]
    packets += encoder.encode(None)
    return tuple(unit(codec, bytes(packet), packet.pts or 0) for packet in packets if packet.size)


def unit(codec: Codec, data: bytes, number: int) -> AccessUnit:
    nals = split(data)
    pts = number * TICKS // RATE
    return AccessUnit(pts, is_keyframe(codec, nals), nals, arrived_us=NOW_US + pts * 100 // 9)


def _picture(number: int) -> VideoFrame:
    pixels = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    pixels[10:50, (3 * number) % 90 : (3 * number) % 90 + 30] = 200
    frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
    frame.pts = number
    return frame


def decoded(data: bytes) -> list[VideoFrame]:
    """The pictures that a player gets; there is one video track and nothing else."""
    with av.open(io.BytesIO(data), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        return list(container.decode(video=0))


def picture(number: int, *, key: bool = False, pts: int | None = None, size: int = 10) -> AccessUnit:
    """A picture without content, at 25 a second; a keyframe where it is to be one."""
    when = number * TICKS // RATE if pts is None else pts
    nal = bytes([0x65 if key else 0x41]) + b"\x80" * (size - 1)
    return AccessUnit(when, key, (nal,), arrived_us=NOW_US + when * 100 // 9)


def cut(
    number: int = 0,
    *,
    epoch: int = 7,
    start: int | None = None,
    init: bytes = b"init",
    data: bytes = b"",
    missing: Break | None = None,
    quality: str = "ntp",
) -> Cut:
    """A fragment of one second; by default each follows the one before it."""
    content = data or b"moof and mdat %d" % number
    return Cut(
        epoch=epoch,
        sequence=number,
        start=NOW_US + number * 1_000_000 if start is None else start,
        duration=1_000_000,
        clock=Clock(quality=quality),  # type: ignore[arg-type]
        picture=Picture(codec="avc1.640015", width=640, height=272),
        init=init,
        data=content,
        sha256=hashlib.sha256(content).hexdigest(),
        frames=(Frame(0, len(content), True),),
        discontinuity=number == 0,
        missing=missing,
    )


@pytest.fixture
def h264() -> Sequence[AccessUnit]:
    return coded("h264")


@pytest.fixture
def random() -> Callable[[], float]:
    """A source of chance that is none."""
    return lambda: 0.0
