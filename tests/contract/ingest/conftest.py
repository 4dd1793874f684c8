"""Cameras of each codec, and each reader in a loop of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vantage.clock import SystemClock
from vantage_ingest.adapters.epoll_reader import EpollReader
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.ports import Reader
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.clip import encode, source_clip
from vantage_stack.stack import Stack

from .listening import AnyAddress, Room

PATIENCE_S = 3.0
FRAMES = 100
Make = Callable[[Loop, Path | None], Reader]
READERS: dict[str, Make] = {
    "native": lambda loop, ca: EpollReader(loop, AnyAddress(), PATIENCE_S, PATIENCE_S, SystemClock(), authorities=ca),
    "ffmpeg": lambda loop, ca: PyavReader(loop, AnyAddress(), PATIENCE_S, PATIENCE_S, SystemClock(), authorities=ca),
}


@pytest.fixture(scope="session")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualCameras]:
    """Odd numbers send H.264, even ones H.265."""
    folder = tmp_path_factory.mktemp("clips")
    clips = [folder / "h264.mp4", folder / "h265.mp4"]
    for clip, codec in zip(clips, ("libx264", "libx265"), strict=True):
        encode(source_clip(), clip, codec=codec, frames=FRAMES)
    with Stack("readers", base=Path(folder), cameras=4, clips=clips) as stack:
        stack.require("cameras")
        yield stack.cameras


@pytest.fixture(params=sorted(READERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Which reader."""
    return str(request.param)


@pytest.fixture
def enter(kind: str) -> Iterator[Callable[..., Room]]:
    """Makes rooms with that reader; with a file of authorities where one is given."""
    made: list[Room] = []

    def make(authorities: Path | None = None) -> Room:
        made.append(Room(lambda loop: READERS[kind](loop, authorities)))
        return made[-1]

    yield make
    for room in made:
        room.leave()


@pytest.fixture
def room(enter: Callable[..., Room]) -> Room:
    """A room without authorities."""
    return enter()
