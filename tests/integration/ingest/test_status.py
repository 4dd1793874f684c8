"""What the control room is told of a camera: the cause of its state and the remedy, and never a password."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from vantage.contracts import Camera, CameraStatus
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.ports import Ports

from .conftest import FAR, Ingest, Register, Topics, until


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody listens on."""
    ports = Ports()
    yield ports.free()
    ports.close()


def test_each_reason_for_no_video_is_told_with_its_remedy(
    *,
    ingest: Ingest,
    register: Register,
    topics: Topics,
    virtual_cameras: VirtualCameras,
    credentials: Path,
    closed_port: int,
) -> None:
    url = virtual_cameras.url(2)
    refused = register.add("refused", url, credential="wrong")
    forgotten = register.add("forgotten", url, credential="nowhere")
    unreachable = register.add("unreachable", f"rtsp://127.0.0.1:{closed_port}/x")
    moved = register.add("moved", virtual_cameras.path_url("cam/none"))
    picture = register.add("mjpeg", virtual_cameras.path_url("other/mjpeg"))
    sound = register.add("sound", virtual_cameras.path_url("other/audio"))
    expired = register.add("expired", url, expires_at=1)
    ingest.start()

    def told(camera: Camera, state: str) -> CameraStatus:
        return until(lambda: topics.status(camera, state), f"{camera.name} {state}")

    for camera, state, cause, remedy in (
        (refused, "refused", "refused the user or the password (401)", "VANTAGE_INGEST_CREDENTIALS"),
        (forgotten, "refused", "'nowhere' in the credentials folder", "put a file of that name"),
        (unreachable, "offline", "cannot be reached (connection refused)", "power and network"),
        (moved, "offline", "no stream at this path (404)", "correct the path"),
        (picture, "unsupported", "it announces jpeg", "H.264 or H.265"),
        (sound, "offline", "does not play a video", "not sound alone"),
        (expired, "paused", "authority 'order 17' has ended", ""),
    ):
        status = told(camera, state)
        assert cause in status.cause
        assert remedy in status.remedy

    tries = until(lambda: ingest.metric("vantage_ingest_stream_ends_total") > 20, "many tries")
    assert tries
    states = [line["state"] for line in ingest.events("camera") if line["camera"] == unreachable.camera_id]
    assert states in (["connecting", "offline"], ["offline"])

    (credentials / "wrong").write_text(virtual_cameras.credential)
    assert told(refused, "online").cause == ""
    register.publish(msgspec.structs.replace(refused, state="paused", revision=2))
    assert "paused" in told(refused, "paused").cause
    register.publish(
        msgspec.structs.replace(expired, authority=msgspec.structs.replace(expired.authority, expires_at=FAR))
    )
    told(expired, "online")
    assert not topics.fragments(sound)

    secrets = ("Tr0ub4dor", "Tr0ub4dor%263", virtual_cameras.credential.partition(":")[2])
    written = ingest.log() + "".join(map(repr, topics.statuses(refused) + topics.statuses(forgotten)))
    assert not [secret for secret in secrets if secret in written]


def test_a_camera_that_stalls_or_drops_comes_back_and_the_gap_has_its_cause(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    stalling, dropping = register.add("stalling", virtual_cameras.url(3)), register.add("drop", virtual_cameras.url(4))
    ingest.start()
    until(lambda: topics.fragments(stalling) and topics.fragments(dropping), "both live")

    virtual_cameras.control(3, "stall")
    virtual_cameras.control(4, "drop")
    stalled = until(lambda: topics.status(stalling, "stalled"), "the stall is seen")
    assert "stopped sending" in stalled.cause
    virtual_cameras.control(3, "resume")
    until(lambda: topics.status(stalling, "online"), "it comes back")

    for camera, cause in ((stalling, "stream-stalled"), (dropping, "stream-ended")):
        gap = until(
            lambda camera=camera: [r.gap_before for r in topics.recordings(camera)[1:] if r.gap_before],  # type: ignore[misc]
            f"the recording after the gap of {camera.name}",
        )[0]
        before = topics.recordings(camera)
        assert gap.cause == cause
        assert gap.start < gap.end
        assert any(recording.end == gap.start for recording in before)
        assert any(recording.start == gap.end for recording in before)
        assert sum(fragment.discontinuity for fragment in topics.fragments(camera)) == 2


def test_a_camera_that_hangs_does_not_hold_up_the_end_of_the_service(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    camera = register.add("hanging", virtual_cameras.url(2))
    virtual_cameras.control(2, "hang")
    try:
        ingest.start()
        status = until(lambda: topics.status(camera, "offline"), "the hang is seen")
        assert "no answer to DESCRIBE within 2 s" in status.cause
        assert ingest.stop() == 0
    finally:
        virtual_cameras.control(2, "unhang")
