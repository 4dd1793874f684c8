"""`vantage-ingest probe` as a fitter runs it, on a camera that answers by ONVIF."""

import datetime as dt
import json
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vantage.camera_networks import CameraNetworks, networks
from vantage_scheme.adapters.document import parse_document
from vantage_scheme.domain.reading import read_cameras

from .onvif_camera import Camera, serving

PASSWORD = "c4nary-w0rd"
MAIN, SUB = "rtsp://127.0.0.1:8554/main", "rtsp://127.0.0.1:8554/sub"
DEADLINE_S = 60


@pytest.fixture
def camera() -> Iterator[Camera]:
    made = Camera(
        password=PASSWORD,
        offset=dt.timedelta(seconds=-90),
        profiles=[
            ("p1", "main", "H264", 1920, 1080),
            ("p2", "sub", "H264", 640, 360),
            ("p3", "still", "JPEG", 320, 180),
        ],
        urls={"p1": MAIN, "p2": SUB, "p3": "rtsp://127.0.0.1:8554/jpeg"},
    )
    with serving(made):
        yield made


class Fitter:
    """Runs the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pier-9").write_text(f"root:{PASSWORD}\n")
        (folder / "wrong").write_text("root:n0t-th4t\n")

    def run(self, *words: str, allowed: str = "127.0.0.0/8") -> "subprocess.CompletedProcess[str]":
        command = [str(Path(sysconfig.get_path("scripts")) / "vantage-ingest"), "probe", *words]
        environment = {"VANTAGE_CAMERA_NETWORKS": allowed, "VANTAGE_INGEST_CREDENTIALS": str(self.folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert PASSWORD not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def found(self, camera: Camera, **more: str) -> dict[str, Any]:
        done = self.run(f"127.0.0.1:{camera.port}", "--credential", "pier-9", "--json", **more)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))


@pytest.fixture
def fitter(tmp_path: Path) -> Fitter:
    return Fitter(tmp_path)


@pytest.mark.parametrize("media2", [False, True])
def test_the_camera_tells_what_it_is_and_the_entry_is_one_that_scheme_takes(
    camera: Camera, fitter: Fitter, media2: bool
) -> None:
    camera.media2 = media2
    found = fitter.found(camera)
    assert (found["manufacturer"], found["serial"]) == ("Harbour", "0042")
    assert found["clock_offset_seconds"] == pytest.approx(-90, abs=3)
    assert [(one["codec"], one["width"], one["url"]) for one in found["profiles"]][:2] == [
        ("H264", 1920, MAIN),
        ("H264", 640, SUB),
    ]
    entries, problems = read_cameras(parse_document("entry", found["entry"]), CameraNetworks(networks("127.0.0.0/8")))
    assert problems == []
    source = entries.good[0].source
    assert (source.url, source.sub_url, source.credential) == (MAIN, SUB, "pier-9")
    masks = [mask.polygon for mask in entries.good[0].masks]
    assert masks == ([[[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]] if media2 else [])


def test_people_read_the_same(camera: Camera, fitter: Fitter) -> None:
    done = fitter.run(f"127.0.0.1:{camera.port}", "--credential", "pier-9")
    assert "Harbour H-1" in done.stdout
    assert "clock: -9" in done.stdout
    assert f'sub_url: "{SUB}"' in done.stdout


def test_a_stream_that_leads_elsewhere_is_shown_as_refused_and_not_entered(camera: Camera, fitter: Fitter) -> None:
    camera.urls["p1"] = "rtsp://root:hunter2@169.254.169.254/main"
    found = fitter.found(camera)
    assert found["profiles"][0]["url"] == "rtsp://169.254.169.254/main"
    assert "metadata" in found["profiles"][0]["refused"]
    assert "169.254" not in found["entry"]
    assert "hunter2" not in json.dumps(found)


def test_a_camera_outside_the_networks_is_not_asked(camera: Camera, fitter: Fitter) -> None:
    done = fitter.run(f"127.0.0.1:{camera.port}", allowed="10.20.0.0/16")
    assert done.returncode == 1
    assert "VANTAGE_CAMERA_NETWORKS" in done.stderr or "not in a network for cameras" in done.stderr
    assert camera.asked == []


def test_a_redirect_is_not_followed(camera: Camera, fitter: Fitter) -> None:
    with serving(Camera(password=PASSWORD)) as elsewhere:
        camera.redirect = f"http://127.0.0.1:{elsewhere.port}/onvif/device_service"
        done = fitter.run(f"127.0.0.1:{camera.port}", "--credential", "pier-9")
    assert done.returncode == 1
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--credential", "wrong"], "NotAuthorized"),
        (["--credential", "nobody"], "cannot be read"),
        (["--credential", "../etc"], "lower-case letters"),
    ],
)
def test_what_goes_wrong_is_one_line(camera: Camera, fitter: Fitter, words: list[str], says: str) -> None:
    done = fitter.run(f"127.0.0.1:{camera.port}", *words)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_nobody_there_is_said(fitter: Fitter) -> None:
    assert fitter.run("127.0.0.1:9").returncode == 1
    assert fitter.run().returncode == 64


def test_discovery_ends_in_its_time_and_says_that_nobody_answered(fitter: Fitter) -> None:
    done = fitter.run("--discover", "--seconds", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
