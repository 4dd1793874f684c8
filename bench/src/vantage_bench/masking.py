"""What it costs to burn masks into a camera's pictures, and to look at one sample: `python -m vantage_bench.masking`.

A street at 25 pictures a second in two sizes, coded as cameras code, through the part that decodes, blackens and codes
again, on one thread, without network and disk. The processor's time is taken, not the clock's, so a busy machine does
not change it much.
"""

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from vantage.contracts.camera import Mask
from vantage_bench.report import Figure, report
from vantage_ingest.domain.blankness import look, region
from vantage_ingest.domain.nal import is_keyframe, sets_in, split
from vantage_ingest.domain.stream import TICKS, AccessUnit
from vantage_ingest.masks.inspector import planes_of
from vantage_ingest.masks.transcoder import Transcoder
from vantage_stack.cameras.clip import source_clip

SIZES = {"640x272": (640, 272), "1920x1080": (1920, 1080)}
RATE = 25
CRF = 23
MASKS = [
    Mask(mask_id="flats", polygon=[(3_000, 2_000), (20_000, 2_000), (22_000, 30_000)], applied_by="vantage"),
    Mask(mask_id="door", polygon=[(50_000, 20_000), (60_000, 20_000), (60_000, 60_000)], applied_by="vantage"),
]


def units(width: int, height: int, count: int) -> Iterator[AccessUnit]:
    """The street as a camera of this size sends it: a keyframe a second, no B-frames."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)  # noqa: S101
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE)
    encoder.options = {"preset": "veryfast", "crf": "23", "bf": "0", "g": str(RATE), "x264-params": "scenecut=0"}
    with av.open(source_clip()) as clip:
        for number, given in enumerate(islice(clip.decode(video=0), count)):
            frame = given.reformat(width=width, height=height, format="yuv420p")
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, RATE), PictureType.NONE
            yield from map(_unit, encoder.encode(frame))
        yield from map(_unit, encoder.encode(None))


def burning(pictures: list[AccessUnit]) -> tuple[float, float, float]:
    """Seconds of processor a picture, and kbit/s before and after."""
    transcoder = Transcoder(MASKS, sets_in("h264", pictures[0].nals), CRF)
    began = time.process_time()
    made = [one for picture in pictures for one in transcoder.feed(picture)]
    spent = time.process_time() - began
    if len(made) != len(pictures):
        msg = f"{len(pictures) - len(made)} pictures were lost: the figures would be wrong"
        raise AssertionError(msg)
    return spent / len(pictures), _kbit(pictures), _kbit(made)


def looking(keyframe: AccessUnit, width: int, height: int) -> float:
    """Seconds of processor to decode a sample's keyframe and to judge each mask in it."""
    began = time.process_time()
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)  # noqa: S101
    decoder.thread_count = 1
    packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in keyframe.nals))
    (frame,) = [*decoder.decode(packet), *decoder.decode(None)]
    planes = planes_of(frame)
    for mask in MASKS:
        look(planes, region(mask, [], width, height))
    return time.process_time() - began


def main() -> None:
    """Measure and print."""
    count = int(os.environ.get("VANTAGE_BENCH_FRAMES") or 100)
    figures: dict[str, Figure] = {}
    for name, (width, height) in SIZES.items():
        pictures = list(units(width, height, count))
        spent, before, after = burning(pictures)
        figures[f"burn in, {name}, a picture"] = Figure(value=spent * 1e3, unit="ms of a core")
        figures[f"burn in, {name}, a camera of {RATE}/s"] = Figure(value=spent * RATE * 100, unit="% of a core")
        figures[f"bit rate, {name}, from the camera"] = Figure(value=before, unit="kbit/s")
        figures[f"bit rate, {name}, as kept"] = Figure(value=after, unit="kbit/s")
        looking(pictures[0], width, height)  # the first one loads what the others use
        figures[f"look at a sample, {name}"] = Figure(
            value=looking(pictures[0], width, height) * 1e3, unit="ms of a core"
        )
    report("masks", figures)


def _unit(packet: "av.Packet[av.VideoStream]") -> AccessUnit:
    nals = split(bytes(packet))
    return AccessUnit((packet.pts or 0) * TICKS // RATE, is_keyframe("h264", nals), nals, arrived_us=0)


def _kbit(pictures: list[AccessUnit]) -> float:
    return sum(picture.size for picture in pictures) * 8 * RATE / len(pictures) / 1e3


if __name__ == "__main__":
    main()
