"""Coded bytes to pictures: the frames that were asked for, whatever the codec and the order of decoding."""

import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from vantage_detect.adapters.video import Decoder, frames
from vantage_detect.clip import encode, native
from vantage_detect.domain.letterbox import Size, fit
from vantage_detect.errors import Unusable

COUNT = 10
STEP = 20


def video(codec: str, **options: str) -> bytes:
    """A fragment of ten frames, each brighter than the one before."""
    memory = io.BytesIO()
    flags = "+cmaf+frag_keyframe+empty_moov+default_base_moof"
    with av.open(memory, "w", format="mp4", options={"movflags": flags}) as writer:
        stream = writer.add_stream(codec, rate=10, options={"g": "10", **options})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for turn in range(COUNT):
            frame = av.VideoFrame.from_ndarray(np.full((96, 160), 20 + turn * STEP, np.uint8), format="gray")
            scaled = frame.reformat(format="yuv420p")
            scaled.pts, scaled.time_base = turn, Fraction(1, 10)
            writer.mux(stream.encode(scaled))
        writer.mux(stream.encode())
    return memory.getvalue()


def brightness(frame: av.VideoFrame) -> int:
    return round(float((frame.to_ndarray(format="gray").mean() - 20) / STEP))


H264 = {"bf": "0", "preset": "veryfast"}
H265 = {"x265-params": "log-level=none:bframes=0"}


@pytest.mark.parametrize(("codec", "options"), [("libx264", H264), ("libx265", H265)])
def test_gives_the_frames_that_were_asked_for(codec: str, options: dict[str, str]) -> None:
    found = [(index, brightness(frame)) for index, frame in frames(video(codec, **options), {0, 4, 7})]
    assert found == [(0, 0), (4, 4), (7, 7)]


def test_an_index_is_the_samples_place_in_the_fragment_where_frames_are_coded_out_of_order() -> None:
    data = video("libx264", bf="2", preset="veryfast")
    with av.open(io.BytesIO(data), "r") as reader:
        times = [packet.pts or 0 for packet in reader.demux(video=0) if packet.size]
    assert any(one > other for one, other in pairwise(times))
    for index, frame in frames(data, set(range(COUNT))):
        assert brightness(frame) == sorted(times).index(times[index])


def test_decoding_ends_with_the_last_frame_that_was_asked_for() -> None:
    whole = video("libx264", **H264)
    with av.open(io.BytesIO(whole), "r") as reader:
        fourth = [packet for packet in reader.demux(video=0) if packet.size][4]
    assert fourth.pos is not None
    damaged = whole[: fourth.pos] + bytes(len(whole) - fourth.pos)
    assert [index for index, _ in frames(damaged, {0, 3})] == [0, 3]


@pytest.mark.parametrize("data", [b"", b"no video at all", bytes(4096)])
def test_bytes_that_are_no_video_are_unusable(data: bytes) -> None:
    with pytest.raises(Unusable, match="cannot be decoded"):
        list(frames(data, {0}))


def test_a_picture_has_the_networks_size_and_grey_bars() -> None:
    letterbox = fit(Size(160, 96), Size(512, 288))
    ((_, picture),) = Decoder().pictures(video("libx264", **H264), {9}, letterbox)
    assert picture.shape == (288, 512, 3)
    assert set(picture[:, : letterbox.left].ravel().tolist()) == {114}
    assert picture[:, letterbox.left : letterbox.left + letterbox.inner.width].mean() > 180


class TestClips:
    def test_are_cut_at_each_second_and_announced_as_ingest_would(self, tmp_path: Path) -> None:
        source = tmp_path / "source.mp4"
        source.write_bytes(video("libx264", **H264))
        clip = encode(source, Size(160, 96), 5, 2)
        assert [len(piece.sizes) for piece in clip.pieces] == [5, 5]
        message = clip.announce(1, "hk1.a", epoch=1, start_us=7_000_000, bucket="live", pack="pack")
        assert (message.start, message.duration, message.sequence) == (8_000_000, 1_000_000, 1)
        assert [frame.keyframe for frame in message.frames] == [True, False, False, False, False]
        assert sum(frame.size for frame in message.frames) < message.length

    def test_what_is_no_clip_is_said(self, tmp_path: Path) -> None:
        source = tmp_path / "source.txt"
        source.write_text("no video")
        with pytest.raises(Unusable, match=r"source.txt is no video"):
            native(source, 1)
