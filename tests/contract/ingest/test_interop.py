"""Both readers on cameras of another make: GStreamer packs, reports and asks for passwords in its own way."""

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import pytest

from vantage.camera_networks import CameraNetworks, networks
from vantage.clock import SystemClock
from vantage_ingest.adapters.epoll_reader import EpollReader
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Connection, Reader, Target
from vantage_stack.cache import Cache
from vantage_stack.cameras.gstreamer import GStreamerCameras, GStreamerPath, missing
from vantage_stack.part import Site
from vantage_stack.ports import Ports

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"GStreamer's RTSP server: {missing()}")

DEADLINE_S = 40.0
PATIENCE_S = 10.0
TRUST_US = 60_000_000
FRAMES = 15
ReaderOf = Callable[[Loop], Reader]


def native(loop: Loop) -> Reader:
    return EpollReader(loop, _resolver(), PATIENCE_S, PATIENCE_S, SystemClock())


def ffmpeg(loop: Loop) -> Reader:
    return PyavReader(loop, _resolver(), PATIENCE_S, PATIENCE_S, SystemClock())


def _resolver() -> Resolver:
    return Resolver(CameraNetworks(networks("127.0.0.0/8")))


READERS = pytest.mark.parametrize("reader", [native, ffmpeg])
TRANSPORTS = pytest.mark.parametrize("transport", ["tcp", "udp"])


class Recorded:
    """A sink that keeps what it is given, cut into fragments; the loop runs in a thread of the test's own."""

    def __init__(self, reader: ReaderOf, target: Target) -> None:
        self._made = Assembler(1, CaptureClock(TRUST_US), 1, lambda: 2)
        self.pictures: list[AccessUnit] = []
        self.cuts: list[Cut] = []
        self.end: StreamEnded | None = None
        self._connection: Connection | None = None
        self._loop = Loop(SystemClock())
        reading = reader(self._loop)
        self._loop.call_soon(lambda: self._open(reading, target))
        self._thread = threading.Thread(target=self._loop.run, daemon=True)
        self._thread.start()

    def _open(self, reading: Reader, target: Target) -> None:
        self._connection = reading.open(target, self)

    def opened(self, sets: ParameterSets) -> None:
        self._made.connect(sets)

    def units(self, units: Sequence[AccessUnit]) -> None:
        for unit in units:
            self.pictures.append(unit)
            self._keep(self._made.feed(unit))

    def ended(self, end: StreamEnded) -> None:
        self._keep(self._made.disconnect())
        self.end = end

    def until(self, condition: Callable[["Recorded"], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition(self):
            assert time.monotonic() < deadline, f"not in time; the stream ended: {self.end}"
            time.sleep(0.05)

    def close(self) -> None:
        def leave() -> None:
            if self._connection is not None:
                self._connection.close()
            self._loop.stop()

        self._loop.call_soon(leave)
        self._thread.join(DEADLINE_S)

    def _keep(self, cut: Cut | None) -> None:
        if cut is not None:
            self.cuts.append(cut)


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GStreamerCameras]:
    folder: Path = tmp_path_factory.mktemp("gstreamer")
    with Ports() as ports:
        part = GStreamerCameras(Site(folder, folder / "log", ports, Cache()))
        part.start()
        yield part
        part.stop()


@pytest.fixture
def record(cameras: GStreamerCameras) -> Iterator[Callable[..., Recorded]]:
    made: list[Recorded] = []

    def begin(reader: ReaderOf, path: GStreamerPath, transport: str = "tcp", credential: str | None = None) -> Recorded:
        credential = cameras.credential if credential is None else credential
        made.append(Recorded(reader, Target(cameras.url(path), credential, transport)))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def decoded(cuts: Sequence[Cut]) -> int:
    with av.open(io.BytesIO(cuts[0].init + b"".join(cut.data for cut in cuts)), "r") as container:
        return sum(1 for _ in container.decode(video=0))


@READERS
@TRANSPORTS
@pytest.mark.parametrize("path", ["h264", "h264-sets-announced-only", "h264-aggregated", "h265"])
def test_each_kind_of_stream_is_recorded_whole(
    record: Callable[..., Recorded], reader: ReaderOf, path: GStreamerPath, transport: str
) -> None:
    recorded = record(reader, path, transport)
    recorded.until(lambda it: len(it.cuts) > 2)
    cuts = recorded.cuts[:3]
    assert all(cut.missing is None for cut in cuts)
    assert decoded(cuts) == sum(len(cut.frames) for cut in cuts)
    assert {len(cut.frames) for cut in cuts[1:]} == {FRAMES}
    assert cuts[0].picture.codec.startswith("hvc1." if path == "h265" else "avc1.")


@READERS
def test_its_sender_reports_give_the_capture_time(record: Callable[..., Recorded], reader: ReaderOf) -> None:
    recorded = record(reader, "h264")
    recorded.until(lambda it: any(cut.clock.quality == "ntp" for cut in it.cuts))
    told = next(cut for cut in recorded.cuts if cut.clock.quality == "ntp")
    assert told.clock.offset_us is not None
    assert abs(told.clock.offset_us) < TRUST_US


@READERS
def test_a_wrong_password_is_refused_in_words(record: Callable[..., Recorded], reader: ReaderOf) -> None:
    recorded = record(reader, "h264", credential="camera:wrong")
    recorded.until(lambda it: it.end is not None)
    assert recorded.end is not None
    assert recorded.end.cause is EndCause.REFUSED


@READERS
def test_the_end_of_a_clip_is_the_end_of_the_stream(record: Callable[..., Recorded], reader: ReaderOf) -> None:
    recorded = record(reader, "clip")
    recorded.until(lambda it: it.end is not None)
    assert recorded.end is not None
    assert recorded.end.cause is EndCause.ENDED
    assert len(recorded.pictures) in range(240, 251)
