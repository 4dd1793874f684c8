"""Virtual cameras are real RTSP servers: they are read by FFmpeg here, and fail as real ones do."""

import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.container import InputContainer

from vantage_stack.cache import Cache
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.clip import encode, source_clip, street_clip
from vantage_stack.cameras.program import program
from vantage_stack.errors import PartFailed
from vantage_stack.part import Site

OPTIONS = {"rtsp_transport": "tcp", "probesize": "32", "fpsprobesize": "0"}
OPEN_S, READ_S = 10.0, 3.0
DEADLINE_S = 30.0
HOUR_US = 3_600_000_000
Ended = (OSError, av.error.FFmpegError)


def address(cameras: VirtualCameras, url: str, credential: str | None = None) -> str:
    return url.replace("rtsp://", f"rtsp://{credential or cameras.credential}@")


@contextmanager
def reading(cameras: VirtualCameras, number: int, **options: str) -> Iterator[InputContainer]:
    where = address(cameras, cameras.url(number))
    with av.open(where, options={**OPTIONS, **options}, timeout=(OPEN_S, READ_S)) as container:
        yield container


def take(container: InputContainer, count: int) -> list[Any]:
    packets = (packet for packet in container.demux(video=0) if packet.size)
    return [next(packets) for _ in range(count)]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come"
        time.sleep(0.05)


def capture_us(container: InputContainer) -> int:
    """The capture time of a frame by the camera's clock, as the first sender report gives it."""
    for packet in container.demux(video=0):
        for side in packet.iter_sidedata():
            if side.data_type == "prft":
                return int(struct.unpack_from("<q", bytes(side))[0])
    pytest.fail("the stream ended without a sender report")


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_is_read_with_its_password(cameras: VirtualCameras, transport: str) -> None:
    with reading(cameras, 1, rtsp_transport=transport) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 640, 272)
        keyframes = [n for n, packet in enumerate(take(container, 80)) if packet.is_keyframe]
    assert len(keyframes) >= 3
    assert {after - before for before, after in pairwise(keyframes)} == {25}


@pytest.mark.parametrize("credential", ["camera:wrong", "another:name"])
def test_a_wrong_credential_is_refused(cameras: VirtualCameras, credential: str) -> None:
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(address(cameras, cameras.url(1), credential), options=OPTIONS, timeout=OPEN_S)


def test_no_credential_is_refused(cameras: VirtualCameras) -> None:
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(cameras.url(1), options=OPTIONS, timeout=OPEN_S)


def test_a_camera_that_is_not_there_is_not_found(cameras: VirtualCameras) -> None:
    with pytest.raises(av.error.HTTPNotFoundError):
        av.open(address(cameras, cameras.url(999)), options=OPTIONS, timeout=OPEN_S)


def test_the_password_is_not_on_the_command_line(cameras: VirtualCameras) -> None:
    _, password = cameras.credential.split(":")
    [server] = cameras.processes
    assert password not in Path(f"/proc/{server.pid}/cmdline").read_text()


def test_sender_reports_tell_the_capture_time_by_the_cameras_clock(cameras: VirtualCameras) -> None:
    with reading(cameras, 2) as container:
        true = capture_us(container) - time.time_ns() // 1000
    cameras.control(2, "skew", 3_600_000)
    with reading(cameras, 2) as container:
        ahead = capture_us(container) - time.time_ns() // 1000
    cameras.control(2, "skew", 0)
    assert abs(true) < HOUR_US / 10
    assert abs(ahead - HOUR_US) < HOUR_US / 10


def test_a_stalled_camera_sends_nothing_and_goes_on_when_resumed(cameras: VirtualCameras) -> None:
    with reading(cameras, 3) as container:
        take(container, 5)
        cameras.control(3, "stall")
        with pytest.raises(Ended):
            take(container, 1_000_000)
    cameras.control(3, "resume")
    with reading(cameras, 3) as container:
        assert len(take(container, 5)) == 5


def test_a_dropped_connection_ends_the_stream_and_may_be_made_anew(cameras: VirtualCameras) -> None:
    with reading(cameras, 4) as container:
        take(container, 5)
        cameras.control(4, "drop")
        for packet in container.demux(video=0):
            assert packet.size >= 0
    with reading(cameras, 4) as container:
        assert len(take(container, 5)) == 5


def test_a_camera_that_is_off_is_not_found_until_it_is_on(cameras: VirtualCameras) -> None:
    cameras.control(5, "off")
    cameras.control(5, "drop")
    with pytest.raises(av.error.HTTPNotFoundError), reading(cameras, 5):
        pass
    cameras.control(5, "on")
    with reading(cameras, 5) as container:
        assert len(take(container, 5)) == 5


def test_a_hung_camera_does_not_answer_until_it_is_unhung(cameras: VirtualCameras) -> None:
    cameras.control(6, "hang")
    with pytest.raises(Ended):
        av.open(address(cameras, cameras.url(6)), options=OPTIONS, timeout=2)
    cameras.control(6, "unhang")
    with reading(cameras, 6) as container:
        assert len(take(container, 5)) == 5


def test_a_camera_that_loses_every_packet_delivers_none(cameras: VirtualCameras) -> None:
    with reading(cameras, 7) as container:
        take(container, 5)
        cameras.control(7, "loss", 1000)
        with pytest.raises(Ended):
            take(container, 1_000_000)
    cameras.control(7, "loss", 0)
    with reading(cameras, 7) as container:
        assert len(take(container, 5)) == 5


def test_readers_and_frames_are_counted(cameras: VirtualCameras) -> None:
    with reading(cameras, 8) as container:
        take(container, 5)
        assert cameras.stats()["cam/0008"].readers == 1
    until(lambda: cameras.stats()["cam/0008"].readers == 0)
    before = cameras.stats()["cam/0008"].frames
    until(lambda: cameras.stats()["cam/0008"].frames > before)


@pytest.mark.parametrize(("path", "codec"), [("other/audio", "pcm_mulaw"), ("other/mjpeg", "mjpeg")])
def test_other_paths_serve_what_a_recorder_of_h264_and_h265_cannot_use(
    cameras: VirtualCameras, path: str, codec: str
) -> None:
    where = address(cameras, cameras.path_url(path))
    with av.open(where, options=OPTIONS, timeout=(OPEN_S, READ_S)) as container:
        assert [stream.codec_context.name for stream in container.streams] == [codec]


def test_an_operation_on_a_camera_that_is_not_there_is_refused(cameras: VirtualCameras) -> None:
    with pytest.raises(PartFailed, match=r'there is no camera "cam/0099"'):
        cameras.control(99, "stall")


def test_an_unknown_operation_is_refused_with_those_that_there_are(cameras: VirtualCameras) -> None:
    with pytest.raises(PartFailed, match=r'there is no op "explode": use one of babble, codec, .*, unmarked'):
        cameras.control(1, "explode")  # type: ignore[arg-type]


def test_cameras_may_loop_an_h265_clip(site: Site, other_clip: Path) -> None:
    encode(source_clip(), other_clip, codec="libx265", frames=50)
    part = VirtualCameras(site, count=1, clips=[other_clip])
    part.start()
    try:
        with reading(part, 1) as container:
            assert container.streams.video[0].codec_context.name == "hevc"
            assert any(packet.is_keyframe for packet in take(container, 30))
    finally:
        part.stop()


def test_cameras_come_back_at_their_addresses_after_a_power_cut(site: Site) -> None:
    part = VirtualCameras(site, count=1)
    part.start()
    try:
        where = part.url(1)
        part.processes[0].kill9()
        part.start()
        assert part.url(1) == where
        with reading(part, 1) as container:
            assert len(take(container, 5)) == 5
    finally:
        part.stop()


def start_by_hand(*arguments: str, credential: str = "camera:secret") -> str:
    """What the server says when it refuses to start."""
    cache = Cache()
    clip = street_clip(cache, lambda _: None)
    done = subprocess.run(
        [program(cache, lambda _: None), *arguments, clip],
        env={**os.environ, "VIRTUAL_CAMERAS_CREDENTIAL": credential},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 1
    return done.stderr


def test_the_server_starts_on_loopback_only() -> None:
    assert '"0.0.0.0:8554" is not on loopback' in start_by_hand("-rtsp", "0.0.0.0:8554")


def test_the_server_starts_with_a_credential_only() -> None:
    assert "set VIRTUAL_CAMERAS_CREDENTIAL to user:password" in start_by_hand(credential="")


def test_a_taken_port_is_named(cameras: VirtualCameras) -> None:
    taken = cameras.url(1).split("/")[2]
    assert f"cannot listen on {taken}" in start_by_hand("-rtsp", taken)
