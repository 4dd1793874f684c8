"""The first reader on real RTSP connections: what it hands over is what the camera sent, in H.264 and in H.265."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from vantage.clock import SystemClock
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.domain.address import with_credential
from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.stream import AccessUnit
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Target
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.clip import encode, source_clip
from vantage_stack.stack import Stack

from .test_recording import decoded

PICTURES = 130


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualCameras]:
    """One camera of each codec."""
    folder = tmp_path_factory.mktemp("clips")
    clips = [folder / "h264.mp4", folder / "h265.mp4"]
    for clip, codec in zip(clips, ("libx264", "libx265"), strict=True):
        encode(source_clip(), clip, codec=codec)
    with Stack("readers", base=Path(folder), cameras=2, clips=clips) as stack:
        stack.require("cameras")
        yield stack.cameras


def reader() -> PyavReader:
    return PyavReader(3, 3, SystemClock())


def target(cameras: VirtualCameras, number: int) -> Target:
    return Target(with_credential(cameras.url(number), cameras.credential))


@pytest.mark.parametrize("number", [1, 2])
def test_every_picture_comes_and_decodes(cameras: VirtualCameras, number: int) -> None:
    made = Assembler(1, CaptureClock(60_000_000), 1, lambda: 2)
    cuts: list[Cut] = []
    units: list[AccessUnit] = []
    with reader().open(target(cameras, number)) as stream:
        made.connect(stream.sets)
        for unit in islice(stream.units(), PICTURES):
            units.append(unit)
            if (cut := made.feed(unit)) is not None:
                cuts.append(cut)
    if (last := made.disconnect()) is not None:
        cuts.append(last)
    assert sum(len(cut.frames) for cut in cuts) + made.skipped == PICTURES
    assert decoded(cuts[0].init + b"".join(cut.data for cut in cuts)) == PICTURES - made.skipped
    assert cuts[0].picture.codec.startswith(("avc1.", "hvc1.")[number - 1])
    assert all(unit.pts is not None for unit in units)
    assert cuts[-1].clock.quality == "ntp"
    assert {b.duration for b in cuts[1:-1]} <= set(range(990_000, 1_010_001))


def test_a_step_of_the_cameras_clock_is_seen(cameras: VirtualCameras) -> None:
    made = Assembler(1, CaptureClock(60_000_000), 1, lambda: 2)
    with reader().open(target(cameras, 1)) as stream:
        made.connect(stream.sets)
        cuts = (cut for unit in stream.units() if (cut := made.feed(unit)) is not None)
        assert next(cut for cut in cuts if cut.clock.quality == "ntp")
        cameras.control(1, "skew", 5_000)
        jumped = next(cut for cut in cuts if cut.missing is not None)
    cameras.control(1, "skew", 0)
    assert jumped.missing is not None
    assert jumped.missing.cause == "clock-jump"
    assert jumped.discontinuity


def test_a_wrong_password_is_in_no_error(cameras: VirtualCameras) -> None:
    wrong = Target(with_credential(cameras.url(1), "camera:s3cret-word"))
    with pytest.raises(StreamEnded) as ended, reader().open(wrong):
        pass
    error: BaseException | None = ended.value
    while error is not None:
        assert "s3cret" not in f"{error} {error!r}"
        error = error.__cause__
    assert ended.value.__suppress_context__


def test_a_camera_that_drops_the_connection_ends_with_a_cause(cameras: VirtualCameras) -> None:
    with reader().open(target(cameras, 1)) as stream:
        units = stream.units()
        assert len(list(islice(units, 20))) == 20
        cameras.control(1, "drop")
        with pytest.raises(StreamEnded, match="ended the stream"):
            list(units)
