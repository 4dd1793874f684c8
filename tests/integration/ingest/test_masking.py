"""Masks burnt in on real RTSP connections, around either reader."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np
import pytest
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from vantage.clock import SystemClock
from vantage.contracts import Camera
from vantage_ingest.adapters.epoll_reader import EpollReader
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.masks.reader import MaskingReader
from vantage_ingest.ports import Reader, Resolver, Target
from vantage_stack.cameras.cameras import VirtualCameras

from .conftest import DEADLINE_S
from .test_masks import BLACK, FLATS, NEARLY, luma, mask, street, under

Make = Callable[[Loop, Resolver], Reader]
READERS: dict[str, Make] = {
    "ffmpeg": lambda loop, resolver: PyavReader(loop, resolver, 5, 5, SystemClock()),
    "native": lambda loop, resolver: EpollReader(loop, resolver, 5, 5, SystemClock()),
}


@dataclass(frozen=True)
class Here:
    host: str
    ip: str
    port: int


class AsWritten:
    """A resolver for addresses that are numbers already."""

    def address(self, url: str) -> Here:
        host, _, port = url.partition("://")[2].partition("/")[0].partition(":")
        return Here(host, host, int(port))


class Taken:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.sets: list[ParameterSets] = []
        self.got: list[AccessUnit] = []
        self.ends: list[StreamEnded] = []

    def opened(self, sets: ParameterSets) -> None:
        self.sets.append(sets)

    def units(self, units: Sequence[AccessUnit]) -> None:
        self.got += units

    def ended(self, end: StreamEnded) -> None:
        self.ends.append(end)


class Watching:
    """A camera that is read with its masks burnt in."""

    def __init__(self, make: Make, camera: Camera, credential: str) -> None:
        self.loop = Loop(SystemClock())
        self.taken = Taken()
        reader = MaskingReader(make(self.loop, AsWritten()), camera, self.loop, SystemClock(), 23)
        self.connection = reader.open(Target(camera.source.url, credential), self.taken)

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"not in time: {what}"
            self.loop.turn()

    def close(self) -> None:
        self.connection.close()
        self.loop.turn()
        self.loop.close()


@pytest.fixture(params=sorted(READERS))
def watching(request: pytest.FixtureRequest, virtual_cameras: VirtualCameras) -> Iterator[Watching]:
    camera = street("hk1", virtual_cameras.url(2), mask(FLATS, "flats", "vantage"))
    watching = Watching(READERS[request.param], camera, virtual_cameras.credential)
    yield watching
    watching.close()


def test_every_picture_comes_at_its_time_with_the_mask_in_it(watching: Watching) -> None:
    got = watching.taken.got
    watching.until(lambda: len(got) >= 160, "160 pictures")
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    packets = [Packet(b"".join(b"\0\0\0\1" + nal for nal in unit.nals)) for unit in got]
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + list(decoder.decode(None))
    assert len(frames) == len(got)
    hidden = under(frames[0].width, frames[0].height, FLATS)
    assert all(np.abs(luma(frame)[hidden].astype(int) - BLACK).max() <= NEARLY for frame in frames)
    steps = {(after.pts or 0) - (before.pts or 0) for before, after in pairwise(got)}
    assert steps <= set(range(3_500, 3_701)), "25 a second, none missing"
    keys = [number for number, unit in enumerate(got) if unit.keyframe]
    assert {after - before for before, after in pairwise(keys)} == {25}
    assert any(unit.captured_us is not None for unit in got), "the camera's clock goes through"
    assert watching.taken.sets == [ParameterSets("h264", (), ())]


def test_the_end_of_the_camera_is_the_end(watching: Watching, virtual_cameras: VirtualCameras) -> None:
    watching.until(lambda: watching.taken.got, "a picture")
    virtual_cameras.control(2, "drop")
    watching.until(lambda: watching.taken.ends, "the end")
    assert watching.taken.ends[0].cause is EndCause.ENDED
    before = len(watching.taken.got)
    for _ in range(20):
        watching.loop.turn()
    assert len(watching.taken.got) == before
