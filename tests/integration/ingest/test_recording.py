"""From a camera's packets to announced objects: everything that is announced is there, whole and true."""

import hashlib
import io
from itertools import pairwise

import av

from vantage.contracts import Fragment, Recording
from vantage.fragment_digests import digests_of
from vantage.objects import S3ObjectStore
from vantage_stack.cameras.cameras import VirtualCameras

from .conftest import Ingest, Register, Topics, until


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def decoded(data: bytes) -> int:
    """How many pictures a player gets; there must be nothing but one video track."""
    with av.open(io.BytesIO(data), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        return sum(1 for _ in container.decode(video=0))


def check_fragment(store: S3ObjectStore, fragment: Fragment) -> None:
    piece = store.get(fragment.bucket, fragment.pack, fragment.offset, fragment.length)
    assert sha256(piece[fragment.init_length :]) == fragment.sha256
    assert decoded(piece) == len(fragment.frames)
    assert fragment.frames[0].keyframe
    assert fragment.frames[0].after_us == 0
    assert fragment.frames[-1].after_us < fragment.duration


def check_recording(store: S3ObjectStore, recording: Recording, frames: dict[str, int]) -> None:
    data = store.get(recording.bucket, recording.object)
    assert len(data) == recording.size
    assert sha256(data) == recording.sha256
    at, time = recording.init_length, recording.start
    for piece in recording.fragments:
        assert (piece.offset, piece.start) == (at, time)
        assert sha256(data[at : at + piece.length]) == piece.sha256
        at, time = at + piece.length, time + piece.duration
    assert time == recording.end
    assert digests_of(data[at:]) == [piece.sha256 for piece in recording.fragments]
    assert decoded(data) == sum(frames[piece.sha256] for piece in recording.fragments)


def test_what_a_camera_sends_is_live_and_recorded(
    ingest: Ingest,
    register: Register,
    topics: Topics,
    virtual_cameras: VirtualCameras,
    object_store: S3ObjectStore,
) -> None:
    camera = register.add("street", virtual_cameras.url(1))
    ingest.start()

    recordings = until(lambda: topics.at_least(camera, 3), "three recordings")
    fragments = topics.fragments(camera)
    for fragment in fragments:
        check_fragment(object_store, fragment)
    frames = {fragment.sha256: len(fragment.frames) for fragment in fragments}
    for recording in recordings:
        check_recording(object_store, recording, frames)
        assert (
            recording.object == f"{camera.cell_id}/street/{recording.object.split('/')[2]}/{recording.recording_id}.mp4"
        )
    assert ingest.ready()
    status = topics.status(camera, "online")
    assert status is not None
    assert status.epoch == fragments[0].epoch

    gap = recordings[0].gap_before
    assert gap is not None
    assert gap.cause == "first-recording"
    assert all(after.gap_before is None for after in recordings[1:])
    assert all(after.start == before.end for before, after in pairwise(recordings))
    assert [fragment.sequence for fragment in fragments] == list(range(len(fragments)))
    assert all(after.start == before.start + before.duration for before, after in pairwise(fragments))
    assert [fragment.discontinuity for fragment in fragments] == [True] + [False] * (len(fragments) - 1)
    assert ingest.stop() == 0
    assert not list((ingest.state / "workers").glob("*/spool/*"))
    ended = until(lambda: topics.recordings(camera)[-1:], "the last recording")[0]
    recorded = [piece.sha256 for recording in topics.recordings(camera) for piece in recording.fragments]
    assert recorded[: len(fragments)] == [fragment.sha256 for fragment in fragments]
    assert ended.end >= fragments[-1].start + fragments[-1].duration
