"""A password that is changed at the camera and in the mounted secret costs nothing, and the next connection uses it."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from vantage.contracts import Camera, Fragment
from vantage_stack.cameras.cameras import VirtualCameras

from .conftest import Ingest, Register, Topics, until

MORE = 8


class MountedSecret:
    """A folder as Kubernetes mounts a Secret: names that lead through `..data`, which is swapped at once."""

    def __init__(self, folder: Path, **contents: str) -> None:
        self.folder = folder
        self._version = 0
        folder.mkdir()
        self.swap(**contents)
        for name in contents:
            (folder / name).symlink_to(Path("..data") / name)

    def swap(self, **contents: str) -> None:
        self._version += 1
        version = self.folder / f"..2026_{self._version}"
        version.mkdir()
        for name, content in contents.items():
            (version / name).write_text(content)
        scratch = self.folder / "..data_tmp"
        scratch.symlink_to(version.name)
        scratch.replace(self.folder / "..data")


def seams(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Fragments that do not follow the one before."""
    ordered = sorted((one for one in fragments if one.stream == "main"), key=lambda one: one.sequence)
    pairs = pairwise(ordered)
    return [after for before, after in pairs if after.discontinuity or after.start != before.start + before.duration]


def test_no_fragment_is_lost_and_the_next_connection_uses_the_new_password(
    *, ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras, tmp_path: Path
) -> None:
    secret = MountedSecret(tmp_path / "mounted", pier=virtual_cameras.credential)
    native = register.add("native", virtual_cameras.url(1), credential="pier")
    ffmpeg = register.add("ffmpeg", virtual_cameras.url(2), credential="pier")
    source = msgspec.structs.replace(ffmpeg.source, reader="ffmpeg")
    register.publish(msgspec.structs.replace(ffmpeg, source=source, revision=2))
    cameras = (native, ffmpeg)
    ingest.start(VANTAGE_INGEST_CREDENTIALS=str(secret.folder))

    def more(camera: Camera, count: int) -> list[Fragment]:
        return until(
            lambda: found if len(found := topics.fragments(camera)) >= count else [], f"{count} of {camera.name}"
        )

    before = {camera.name: len(more(camera, 3)) for camera in cameras}
    secret.swap(pier=virtual_cameras.change_password())
    for camera in cameras:
        assert seams(more(camera, before[camera.name] + MORE)[before[camera.name] :]) == []

    for number, camera in enumerate(cameras, 1):
        virtual_cameras.control(number, "drop")
        seen = len(topics.fragments(camera))
        more(camera, seen + MORE)
        states = {status.state for status in topics.statuses(camera)}
        assert "online" in states
        assert "refused" not in states
