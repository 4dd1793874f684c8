"""What the death of one process costs: a worker's, its own cameras and no others; the supervisor's, a restart."""

import os
import signal

import msgspec

from vantage.contracts import Camera, Recording
from vantage_stack.cameras.cameras import VirtualCameras

from .conftest import Ingest, Register, Topics, until


def gaps(recordings: list[Recording]) -> list[tuple[str, bool]]:
    """The cause of each gap, and whether it begins where a recording ends and ends where the next one begins."""
    ends = {recording.end for recording in recordings}
    return [
        (one.gap_before.cause, one.gap_before.start in ends and one.gap_before.end == one.start)
        for one in recordings[1:]
        if one.gap_before
    ]


def recorded(topics: Topics, camera: Camera) -> set[str]:
    return {piece.sha256 for recording in topics.recordings(camera) for piece in recording.fragments}


def two_workers(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> dict[str, Camera]:
    """A camera in each of two workers, by its slot, both live."""
    cameras = [register.add(f"worked-{number}", virtual_cameras.url(number)) for number in (1, 2)]
    ingest.start(VANTAGE_INGEST_WORKERS="2", VANTAGE_INGEST_CAMERAS_PER_WORKER="1")
    until(lambda: all(len(topics.fragments(camera)) > 3 for camera in cameras), "both are live")
    packs = {camera.camera_id: topics.fragments(camera)[0].pack for camera in cameras}
    found = {packs[camera.camera_id].rpartition(".")[0].split("-", 2)[2][-8:]: camera for camera in cameras}
    assert found.keys() == ingest.workers().keys() == {"reader-0", "reader-1"}
    return found


def test_a_worker_that_is_killed_takes_only_its_own_cameras_along(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    cameras = two_workers(ingest, register, topics, virtual_cameras)
    hit, spared = cameras["reader-0"], cameras["reader-1"]
    other = ingest.workers()["reader-1"]
    os.kill(ingest.workers()["reader-0"], signal.SIGKILL)
    shown = topics.fragments(hit)
    until(lambda: [one for one in topics.recordings(hit) if one.epoch > shown[-1].epoch], "it is recorded again")
    assert gaps(topics.recordings(hit)) == [("worker-crashed", True)]
    assert {fragment.sha256 for fragment in shown} <= recorded(topics, hit)
    assert ingest.workers()["reader-1"] == other
    moment = shown[-1].start
    until(lambda: [one for one in topics.recordings(spared) if one.start > moment], "the other's recordings go on")
    assert gaps(topics.recordings(spared)) == []
    (line,) = ingest.events("a worker ended and is started again")
    assert (line["worker"], line["how"], line["camera"]) == ("reader-0", "signal SIGKILL", None)
    assert ingest.metric("vantage_ingest_worker_ends_total") == 1
    until(ingest.ready, "all workers are up again")


def test_a_worker_that_hangs_is_ended_and_started_again(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    camera = register.add("hung", virtual_cameras.url(3))
    ingest.start(VANTAGE_INGEST_HANG_SECONDS="3")
    until(lambda: len(topics.fragments(camera)) > 3, "it is live")
    os.kill(ingest.workers()["reader-0"], signal.SIGSTOP)
    until(lambda: ingest.events("a worker hangs and is ended"), "the hang is seen")
    epoch = topics.fragments(camera)[-1].epoch
    until(lambda: [one for one in topics.recordings(camera) if one.epoch > epoch], "it is recorded again")
    assert gaps(topics.recordings(camera)) == [("worker-crashed", True)]


def test_workers_whose_supervisor_is_killed_finish_their_recordings_and_a_restart_goes_on(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    camera = register.add("orphaned", virtual_cameras.url(4))
    ingest.start()
    until(lambda: len(topics.fragments(camera)) > 4, "it is live")
    ingest.kill9_supervisor()
    until(lambda: ingest.events("the supervisor is gone: finishing what is recorded"), "the worker hears of it")
    shown = topics.fragments(camera)
    until(lambda: {fragment.sha256 for fragment in shown} <= recorded(topics, camera), "all that was shown is stored")
    ingest.start()
    until(lambda: [one for one in topics.recordings(camera) if one.epoch > shown[-1].epoch], "it is recorded again")
    assert gaps(topics.recordings(camera)) == [("ingest-restarted", True)]


def test_what_a_slot_left_that_is_not_there_any_more_is_brought_away(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    cameras = two_workers(ingest, register, topics, virtual_cameras)
    ingest.kill9()
    shown = {camera.camera_id: {one.sha256 for one in topics.fragments(camera)} for camera in cameras.values()}
    ingest.start()
    for camera in cameras.values():
        until(lambda camera=camera: shown[camera.camera_id] <= recorded(topics, camera), "all is stored")  # type: ignore[misc]
    until(lambda: not (ingest.state / "workers" / "reader-1").exists(), "the slot's folder goes")
    assert set(ingest.workers()) == {"reader-0"}


def test_each_camera_is_read_by_the_reader_that_it_asks_for_and_the_smaller_stream_is_shown_alone(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    plain = register.add("plain", virtual_cameras.url(1))
    asked = msgspec.structs.replace(plain, camera_id=plain.camera_id.replace("plain", "asked"), name="asked")
    both = msgspec.structs.replace(plain.source, reader="ffmpeg", sub_url=virtual_cameras.sub_url(1))
    register.publish(msgspec.structs.replace(asked, source=both))
    ingest.start()
    until(lambda: len(topics.recordings(plain)) > 1 and len(topics.recordings(asked)) > 1, "both are recorded")
    assert set(ingest.workers()) == {"reader-0", "ffmpeg-0"}
    until(
        lambda: {fragment.stream for fragment in topics.fragments(asked)} == {"main", "sub"}, "both streams are shown"
    )
    shown = {fragment.stream: set[str]() for fragment in topics.fragments(asked)}
    for fragment in topics.fragments(asked):
        shown[fragment.stream].add(fragment.sha256)
    assert not shown["sub"] & recorded(topics, asked)
    assert {fragment.stream for fragment in topics.fragments(plain)} == {"main"}

    register.publish(msgspec.structs.replace(asked, source=plain.source, revision=2))
    until(lambda: set(ingest.workers()) == {"reader-0"}, "nobody needs the other reader any more")
    until(lambda: len({one.epoch for one in topics.recordings(asked)}) > 1, "it is recorded by the default reader")
    assert gaps(topics.recordings(asked)) == [("maintenance", True)]
