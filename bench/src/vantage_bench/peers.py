"""Other recorders on the same cameras and the same core: what a camera costs elsewhere."""

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import imageio_ffmpeg
import psutil

from vantage_bench.cost import Reading, on_core, reading
from vantage_stack.stack import Stack

_WARM_UP_S = 10.0
_SEGMENT_S = 60


def ffmpeg(stack: Stack, cameras: int, seconds: float) -> tuple[Reading, Reading]:
    """`ffmpeg -c copy` a camera, into fragmented MP4 on disk: no hash, no upload. Readings before and after."""
    folder = stack.home.part("ffmpeg")
    common = ["-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-allowed_media_types", "video"]
    return _measured([_copy(stack, number, folder, common) for number in range(1, cameras + 1)], seconds)


def mediamtx(stack: Stack, program: Path, cameras: int, seconds: float) -> tuple[Reading, Reading]:
    """MediaMTX, which records every path into fragmented MP4 on disk: no hash, no upload."""
    folder = stack.home.part("mediamtx")
    settings = folder / "mediamtx.yml"
    settings.touch(mode=0o600)
    off = dict.fromkeys(("rtsp", "rtmp", "hls", "webrtc", "srt", "api", "metrics", "pprof", "playback"), False)
    paths = {
        f"cam{number:04d}": {
            "source": _address(stack, number),
            "rtspTransport": "tcp",
            "record": True,
            "recordPath": f"{folder}/%path/%Y-%m-%d_%H-%M-%S-%f",
            "recordFormat": "fmp4",
            "recordSegmentDuration": f"{_SEGMENT_S}s",
        }
        for number in range(1, cameras + 1)
    }
    settings.write_text(json.dumps({**off, "logLevel": "error", "paths": paths}))  # JSON is YAML
    return _measured([[str(program), str(settings)]], seconds)


def _copy(stack: Stack, number: int, folder: Path, common: Sequence[str]) -> list[str]:
    out = ["-c", "copy", "-f", "segment", "-segment_time", str(_SEGMENT_S), "-segment_format", "mp4"]
    fragmented = ["-segment_format_options", "movflags=+cmaf+frag_keyframe+empty_moov+default_base_moof"]
    target = str(folder / f"{number:04d}-%d.mp4")
    return [imageio_ffmpeg.get_ffmpeg_exe(), *common, "-i", _address(stack, number), *out, *fragmented, target]


def _address(stack: Stack, number: int) -> str:
    user, _, password = stack.cameras.credential.partition(":")
    return stack.cameras.url(number).replace("rtsp://", f"rtsp://{quote(user)}:{quote(password, safe='')}@", 1)


def _measured(commands: Sequence[Sequence[str]], seconds: float) -> tuple[Reading, Reading]:
    running: list[subprocess.Popen[bytes]] = []
    try:
        for argv in commands:
            with on_core(0):
                running.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL))
            time.sleep(0.02)
        time.sleep(_WARM_UP_S)
        pids = [process.pid for process in running]
        before = reading(pids)
        time.sleep(seconds)
        if ended := [process.pid for process in running if process.poll() is not None]:
            msg = f"{len(ended)} of the peer's processes ended while it was measured"
            raise RuntimeError(msg)
        return before, reading(pids)
    finally:
        for process in running:
            process.terminate()
        psutil.wait_procs([psutil.Process(one.pid) for one in running if one.poll() is None], timeout=10)
        for process in running:
            process.kill()
            process.wait()
