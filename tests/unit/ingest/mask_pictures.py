"""What the tests of masks share: scenes, coded as cameras code them, masked or not; and what a player sees."""

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from vantage.contracts.camera import Mask
from vantage_ingest.domain.blankness import Plane
from vantage_ingest.domain.nal import is_keyframe, split
from vantage_ingest.domain.outline import Grid, corners, inside, near
from vantage_ingest.domain.stream import TICKS, AccessUnit, Codec

Planes = tuple[Plane, Plane, Plane]
Polygon = list[tuple[int, int]]
QUAD: Polygon = [(10_000, 10_000), (40_000, 12_000), (38_000, 50_000), (9_000, 45_000)]
RATE = 25
NOW_US = 1_790_000_000_000_000


def mask(polygon: Polygon = QUAD, name: str = "flats", applied_by: str = "vantage") -> Mask:
    return Mask(mask_id=name, polygon=polygon, applied_by=applied_by)  # type: ignore[arg-type]


def scene(width: int = 640, height: int = 368, number: int = 0) -> Planes:
    """A street as noise of many sizes with something that moves: texture, edges and colour everywhere."""
    chance = np.random.default_rng(7)
    luma = np.full((height, width), 120.0)
    for size in (4, 16, 64):
        rough = chance.normal(0, 18, (height // size + 1, width // size + 1))
        luma += np.kron(rough, np.ones((size, size)))[:height, :width]
    at = number * 5 % (width - 40)
    luma[height // 3 : height // 2, at : at + 40] = 220
    tint = np.kron(chance.normal(128, 12, (height // 32 + 1, width // 32 + 1)), np.ones((16, 16)))
    half = tint[: -(-height // 2), : -(-width // 2)]
    return _bytes(luma), _bytes(half), _bytes(256 - half)


def night(planes: Planes, light: float, noise: float = 0.0) -> Planes:
    """The same with little light, and the sensor's noise."""
    grain = np.random.default_rng(3).normal(0, noise, planes[0].shape)
    dark = [128 + (plane.astype(float) - 128) * light for plane in planes[1:]]
    return _bytes(16 + (planes[0].astype(float) - 16) * light + grain), _bytes(dark[0]), _bytes(dark[1])


def covered(planes: Planes, polygon: Polygon, value: int = 16, aside: float = 0.0) -> Planes:
    """As a camera masks it: the polygon filled with one grey, `aside` of the frame's width off its place."""
    moved = [(round(x + aside * 65535), y) for x, y in polygon]
    made = [plane.copy() for plane in planes]
    for plane, level in zip(made, (value, 128, 128), strict=True):
        grid = Grid(plane.shape[1], plane.shape[0], 1)
        plane[inside(corners(moved, grid), grid)] = level
    return made[0], made[1], made[2]


def coded(
    pictures: Sequence[Planes], codec: Codec = "h264", crf: int = 23, gop: int = 25, b_frames: int = 0
) -> list[AccessUnit]:
    """The pictures as a camera sends them."""
    height, width = pictures[0][0].shape
    encoder = av.CodecContext.create({"h264": "libx264", "h265": "libx265"}[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE)
    shared = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:open-gop=0"
    more = {"h264": "", "h265": ":log-level=0:repeat-headers=1:annexb=1"}[codec]
    params = {"h264": "x264-params", "h265": "x265-params"}[codec]
    encoder.options = {"preset": "ultrafast", "crf": str(crf), params: shared + more}
    packets = [packet for number, one in enumerate(pictures) for packet in encoder.encode(_frame(one, number))]
    packets += encoder.encode(None)
    return [_unit(codec, packet) for packet in packets if packet.size]


def shown(units: Sequence[AccessUnit], codec: str = "h264") -> list[Planes]:
    """What a player shows of them."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    packets = [Packet(b"".join(b"\0\0\0\1" + nal for nal in unit.nals)) for unit in units]
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    return [planes(frame) for frame in (*frames, *decoder.decode(None))]


def planes(frame: VideoFrame) -> Planes:
    luma, blue, red = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : plane.width].copy()
        for plane in frame.planes
    )
    return luma, blue, red


def under(masks: Sequence[Mask], width: int, height: int) -> NDArray[np.bool_]:
    """Every pixel that a polygon touches."""
    grid = Grid(width, height, 1)
    outlines = [corners(one.polygon, grid) for one in masks]
    found = np.zeros(grid.shape, np.bool_)
    for outline in outlines:
        found |= inside(outline, grid) | near(outline, grid, 0)
    return found


def _frame(picture: Planes, number: int) -> VideoFrame:
    frame = VideoFrame(picture[0].shape[1], picture[0].shape[0], "yuv420p")
    for plane, pixels in zip(frame.planes, picture, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        rows[:, : plane.width] = pixels
    frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, RATE), PictureType.NONE
    return frame


def _unit(codec: Codec, packet: "Packet[av.VideoStream]") -> AccessUnit:
    nals = split(bytes(packet))
    pts = (packet.pts or 0) * TICKS // RATE
    return AccessUnit(pts, is_keyframe(codec, nals), nals, arrived_us=NOW_US + pts * 100 // 9 + 777)


def _bytes(pixels: NDArray[np.floating]) -> Plane:
    return np.clip(np.round(pixels), 16, 235).astype(np.uint8)
