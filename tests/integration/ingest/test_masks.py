"""Masks on the running service: what Vantage burns in is in every byte that is kept, and what a camera only claims is
found out.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from msgspec.structs import replace
from numpy.typing import NDArray

from vantage.contracts import Camera
from vantage.contracts.base import Origin, Place
from vantage.contracts.camera import Authority, Mask, Source
from vantage.objects import S3ObjectStore
from vantage_ingest.domain.outline import Grid, corners, inside, near
from vantage_ingest.masks.results import Results
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.cameras.clip import encode, source_clip
from vantage_stack.stack import Stack

from .conftest import FAR, Ingest, Register, Topics, until

FLATS = [(9_000, 12_000), (30_000, 9_000), (33_000, 50_000), (11_000, 44_000)]
DOOR = [(50_000, 20_000), (60_000, 20_000), (60_000, 60_000), (50_000, 60_000)]
BLACK, NEARLY = 16, 8
"""Of luma. What a coder leaves of black beside a bright edge; the scene under the masks is far from it."""


def mask(polygon: list[tuple[int, int]], name: str, applied_by: str) -> Mask:
    return Mask(mask_id=name, polygon=polygon, applied_by=applied_by)  # type: ignore[arg-type]


def under(width: int, height: int, *polygons: list[tuple[int, int]]) -> NDArray[np.bool_]:
    grid = Grid(width, height, 1)
    found = np.zeros(grid.shape, np.bool_)
    for polygon in polygons:
        outline = corners(polygon, grid)
        found |= inside(outline, grid) | near(outline, grid, 0)
    return found


def pictures(data: bytes) -> Iterator[NDArray[np.uint8]]:
    """The luma of every picture that the bytes decode to, as far as they go."""
    try:
        with av.open(io.BytesIO(data), "r", format="mp4") as container:
            for frame in container.decode(video=0):
                yield luma(frame)
    except FFmpegError:
        return


def luma(frame: VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : plane.width]


def brightest(data: bytes, *polygons: list[tuple[int, int]]) -> tuple[int, int]:
    """How many pictures there are, and the brightest pixel under the masks in any of them."""
    found = [int(picture[under(*picture.shape[::-1], *polygons)].max()) for picture in pictures(data)]
    return len(found), max(found, default=0)


def street(cell: str, url: str, *masks: Mask) -> Camera:
    return Camera(
        camera_id=f"{cell}.street",
        cell_id=cell,
        revision=1,
        state="recording",
        name="street",
        source=Source(url=url, credential="good"),
        place=Place(latitude=22.3, longitude=114.2),
        authority=Authority(reference="order 17", expires_at=FAR),
        masks=list(masks),
        changed_at=1,
    )


def spooled(state: Path) -> dict[str, bytes]:
    """Every file of the state folder that holds video."""
    found: dict[str, bytes] = {}
    for path in state.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except OSError:  # it was uploaded meanwhile
            continue
        if (at := data.find(b"ftyp")) >= 4 and b"moof" in data:
            found[str(path)] = data[at - 4 :]
    return found


@dataclass(frozen=True)
class Service:
    """The parts of a test that are always the same ones."""

    ingest: Ingest
    register: Register
    topics: Topics
    store: S3ObjectStore
    cell: str


@pytest.fixture
def service(ingest: Ingest, register: Register, topics: Topics, object_store: S3ObjectStore, cell: str) -> Service:
    return Service(ingest, register, topics, object_store, cell)


class TestBurntIn:
    """A camera that cannot mask itself."""

    def test_no_stored_byte_decodes_to_what_is_under_a_mask(
        self, service: Service, virtual_cameras: VirtualCameras
    ) -> None:
        ingest, topics, store = service.ingest, service.topics, service.store
        masks = mask(FLATS, "flats", "vantage"), mask(DOOR, "door", "camera")
        camera = street(service.cell, virtual_cameras.url(1), *masks)
        service.register.publish(camera)
        ingest.start(VANTAGE_INGEST_MASK_CHECK_SECONDS="2")
        kept: dict[str, bytes] = {}

        def three() -> bool:
            kept.update(spooled(ingest.state))
            return len(topics.recordings(camera)) >= 3

        until(three, "three recordings")
        assert kept
        origin = Origin(coder="vantage", masks=["flats", "door"])
        for recording in topics.recordings(camera):
            assert recording.origin == origin
            kept[recording.object] = store.get(recording.bucket, recording.object)
        for fragment in topics.fragments(camera):
            assert fragment.origin == origin
            piece = store.get(fragment.bucket, fragment.pack, fragment.offset, fragment.length)
            kept[fragment.fragment_id] = piece
        seen = [brightest(data, FLATS, DOOR) for data in kept.values()]
        assert sum(count for count, _ in seen) > 200
        assert max(value for _, value in seen) <= BLACK + NEARLY
        report = until(lambda: Results(ingest.state).load(camera.camera_id, "main").seen, "an inspection")
        assert {one.verdict for one in report} == {"blank"}
        status = topics.status(camera, "online")
        assert status is not None
        assert status.reader == "masking"

    def test_the_rest_of_the_picture_is_there_with_every_frame(
        self, service: Service, virtual_cameras: VirtualCameras
    ) -> None:
        camera = street(service.cell, virtual_cameras.url(1), mask(FLATS, "flats", "vantage"))
        service.register.publish(camera)
        service.ingest.start()
        first, *_ = until(lambda: service.topics.fragments(camera)[2:], "fragments")
        piece = service.store.get(first.bucket, first.pack, first.offset, first.length)
        box = [(5_000, 4_000), (38_000, 4_000), (38_000, 58_000), (5_000, 58_000)]
        free = ~under(first.picture.width, first.picture.height, box)
        shown = list(pictures(piece))
        assert len(shown) == len(first.frames) == 25
        assert first.picture.codec.startswith("avc1.")
        assert all(picture[free].std() > 20 for picture in shown)
        assert service.ingest.metric("vantage_ingest_masking_dropped_frames_total") == 0


class TestClaimed:
    """A camera that says it masks itself."""

    @pytest.fixture
    def blackened(self, credentials: Path, tmp_path: Path) -> Iterator[VirtualCameras]:
        """A camera that does it."""
        clip, made = tmp_path / "street.mp4", tmp_path / "masked.mp4"
        encode(source_clip(), clip, frames=100)
        blacken(clip, made, FLATS)
        with Stack("masked", base=tmp_path, cameras=1, clips=[made]) as stack:
            stack.require("cameras")
            (credentials / "masked").write_text(stack.cameras.credential)
            yield stack.cameras

    def test_it_is_unmasked_until_its_mask_is_seen_blank_and_recording_goes_on(
        self, service: Service, virtual_cameras: VirtualCameras, blackened: VirtualCameras
    ) -> None:
        ingest, topics = service.ingest, service.topics
        camera = street(service.cell, virtual_cameras.url(1), mask(FLATS, "flats", "camera"))
        service.register.publish(camera)
        ingest.start(VANTAGE_INGEST_MASK_CHECK_SECONDS="2")
        status = until(lambda: topics.status(camera, "unmasked"), "the alarm")
        assert "mask flats not blank" in status.cause
        assert "at the camera" in status.remedy
        assert until(lambda: ingest.metric("vantage_ingest_unmasked_cameras"), "the metric") == 1
        assert ingest.events("a camera is unmasked")
        recordings = until(lambda: topics.at_least(camera, 2), "recordings go on")
        assert all(one.origin == Origin() for one in recordings)

        source = replace(camera.source, url=blackened.url(1), credential="masked")
        service.register.publish(replace(camera, source=source, revision=3))
        until(lambda: topics.status(camera, "online"), "the end of the alarm")
        assert ingest.metric("vantage_ingest_unmasked_cameras") == 0
        assert ingest.events("a camera's masks are blank again")


def blacken(source: Path, target: Path, polygon: list[tuple[int, int]]) -> None:
    """The clip as a camera sends it that masks this polygon in mid-grey."""
    with av.open(source) as given, av.open(target, "w") as out:
        video = given.streams.video[0]
        options = {"preset": "veryfast", "crf": "23", "bf": "0", "g": "25", "x264-params": "scenecut=0"}
        stream = out.add_stream("libx264", rate=25, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for number, frame in enumerate(given.decode(video)):
            frame.make_writable()
            for plane, value in zip(frame.planes, (70, 128, 128), strict=True):
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : plane.width]
                rows[under(plane.width, plane.height, polygon)] = value
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 25), PictureType.NONE
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
