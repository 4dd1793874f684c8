"""GStreamer's cameras are there to be read, by FFmpeg here, so that what ingest reads of them is known to be sound."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest

from vantage_stack.cameras.gstreamer import GStreamerCameras, GStreamerPath, missing
from vantage_stack.part import Site

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"GStreamer's RTSP server: {missing()}")

OPTIONS = {"probesize": "32", "fpsprobesize": "0"}


@pytest.fixture(scope="module")
def cameras(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GStreamerCameras]:
    folder: Path = tmp_path_factory.mktemp("gstreamer")
    part = GStreamerCameras(Site(folder, folder / "log", site.ports, site.cache))
    part.start()
    yield part
    part.stop()


def pictures(cameras: GStreamerCameras, path: GStreamerPath, transport: str, count: int) -> list[Any]:
    where = cameras.url(path).replace("rtsp://", f"rtsp://{cameras.credential}@")
    with av.open(where, options={**OPTIONS, "rtsp_transport": transport}, timeout=(20, 20)) as container:
        return list(islice(container.decode(video=0), count))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("path", ["h264", "h264-sets-announced-only", "h264-aggregated", "h265"])
def test_each_path_plays(cameras: GStreamerCameras, path: GStreamerPath, transport: str) -> None:
    assert {(picture.width, picture.height) for picture in pictures(cameras, path, transport, 20)} == {(320, 240)}


def test_the_clip_plays_once(cameras: GStreamerCameras) -> None:
    assert 200 < len(pictures(cameras, "clip", "tcp", 1_000)) <= 250


def test_a_wrong_password_is_refused(cameras: GStreamerCameras) -> None:
    where = cameras.url("h264").replace("rtsp://", "rtsp://camera:wrong@")
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(where, options=OPTIONS, timeout=20)
