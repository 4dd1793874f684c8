"""Several replicas: they share the cameras, and one takes over what another left, as planned or by a kill."""

import json
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from vantage.contracts import Camera, Recording
from vantage.contracts.recording import Gap
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.stack import Stack

from .conftest import Ingest, Register, Topics, until

Make = Callable[[str, str], Ingest]
FRAGMENT_US = 1_500_000
"""The longest fragment of a virtual camera, whose keyframes are a second apart."""


def partitions(ingest: Ingest) -> list[int]:
    """How many cameras each partition of the replica has, as it remembers it."""
    path = ingest.state / "desired.json"
    return [len(cameras) for cameras in json.loads(path.read_text())["partitions"].values()] if path.exists() else []


def in_each_partition(first: Ingest, register: Register, virtual_cameras: VirtualCameras) -> list[Camera]:
    """Cameras, so that the replica, which is alone, has at least one in each of its partitions."""
    cameras: list[Camera] = []
    while not cameras or not all(partitions(first)):
        cameras.append(register.add(f"shared-{len(cameras)}", virtual_cameras.url(1 + len(cameras) % 4)))
        until(lambda: sum(partitions(first)) == len(cameras), "the first knows of it")
    return cameras


def online(ingest: Ingest, cameras: list[Camera]) -> list[Camera]:
    names = {line["camera"] for line in ingest.events("camera") if line["state"] == "online"}
    return [camera for camera in cameras if camera.camera_id in names]


def shared(first: Ingest, second: Ingest, cameras: list[Camera]) -> list[Camera]:
    """The cameras of the second replica, once both know their shares and it reads all of its own."""
    share = sum(partitions(second))
    moved = online(second, cameras)
    return moved if share + sum(partitions(first)) == len(cameras) and share == len(moved) else []


def uncovered(recordings: list[Recording]) -> int:
    """Microseconds between the first begin and the last end that no recording holds."""
    missing, reached = 0, recordings[0].end
    for recording in recordings[1:]:
        missing += max(0, recording.start - reached)
        reached = max(reached, recording.end)
    return missing


def after_epoch(topics: Topics, camera: Camera, epoch: int) -> list[Recording]:
    return [recording for recording in topics.recordings(camera) if recording.epoch > epoch]


def gaps_after_epoch(topics: Topics, camera: Camera, epoch: int) -> list[Gap]:
    """The first recording has one; it may be announced after the second."""
    return [one.gap_before for one in after_epoch(topics, camera, epoch) if one.gap_before is not None]


@pytest.mark.slow
def test_what_moves_between_replicas_as_planned_loses_no_more_than_a_fragment(
    replica: Make, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    first, second = replica("ingest-tests", "first"), replica("ingest-tests-2", "second")
    first.start()
    cameras = in_each_partition(first, register, virtual_cameras)
    until(lambda: all(topics.fragments(camera) for camera in cameras), "the first reads all")
    second.start()
    moved = until(lambda: shared(first, second, cameras), "the second reads its share")
    assert len(moved) < len(cameras)
    epoch = topics.fragments(moved[0])[0].epoch
    gap = until(lambda: gaps_after_epoch(topics, moved[0], epoch), "the second's recording with the gap before it")[0]
    assert gap.cause == "handover"

    of_first = [camera for camera in cameras if camera not in moved]
    epochs = {camera.camera_id: topics.fragments(camera)[-1].epoch for camera in of_first}
    assert first.stop() == 0
    for camera in of_first:
        until(lambda camera=camera: after_epoch(topics, camera, epochs[camera.camera_id]), f"{camera.name} went over")  # type: ignore[misc]
    for camera in cameras:
        recordings = topics.recordings(camera)
        assert uncovered(recordings) <= FRAGMENT_US, camera.name
        shown = topics.fragments(camera)
        assert [one.epoch for one in shown] == sorted(one.epoch for one in shown), "one replica speaks at a time"
    assert first.events("the other replicas take over")


@pytest.mark.slow
def test_what_a_replica_leaves_by_a_kill_is_taken_over_and_the_gap_has_its_cause(
    replica: Make, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    first, second = replica("ingest-tests", "first"), replica("ingest-tests-2", "second")
    first.start()
    cameras = in_each_partition(first, register, virtual_cameras)
    second.start()
    until(lambda: online(second, cameras), "the second reads some")
    camera = online(second, cameras)[0]
    until(lambda: len(topics.fragments(camera)) > 4, "it is shown")
    second.kill9()
    epoch = topics.fragments(camera)[-1].epoch
    until(lambda: topics.fragments(camera)[-1].epoch > epoch, "the first takes it over")
    epochs = [fragment.epoch for fragment in topics.fragments(camera)]
    assert epochs == sorted(epochs)
    gap = until(lambda: gaps_after_epoch(topics, camera, epoch), "its recording with the gap before it")[0]
    assert gap.cause == "handover"

    second.start()
    until(lambda: second.events("partitions assigned"), "it comes back")
    held = {piece.sha256 for recording in topics.recordings(camera) for piece in recording.fragments}
    shown = {fragment.sha256 for fragment in topics.fragments(camera) if fragment.epoch <= epoch}
    until(lambda: shown <= held | recorded(topics, camera), "what it had in its spool is stored as well")


def recorded(topics: Topics, camera: Camera) -> set[str]:
    return {piece.sha256 for recording in topics.recordings(camera) for piece in recording.fragments}


@pytest.mark.slow
def test_a_replica_that_the_broker_does_not_know_any_more_records_and_shows_nothing(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras, stack: Stack
) -> None:
    camera = register.add("fenced", virtual_cameras.url(1))
    ingest.start()
    until(lambda: len(topics.fragments(camera)) > 2, "live video")
    with stack.away("kafka"):
        until(lambda: ingest.metric("vantage_ingest_fenced") == 1, "the replica fences itself")
        packs = ingest.metric("vantage_ingest_packs_total")
        spool = ingest.metric("vantage_ingest_spool_bytes")
        until(lambda: ingest.metric("vantage_ingest_spool_bytes") > spool, "it records on")
        assert ingest.metric("vantage_ingest_packs_total") <= packs + 1
    until(lambda: ingest.metric("vantage_ingest_fenced") == 0, "the broker's word is back")
    count = len(topics.fragments(camera))
    until(lambda: len(topics.fragments(camera)) > count, "live video again")
    recordings = until(lambda: topics.at_least(camera, 4), "recordings")
    assert all(before.end == after.start for before, after in pairwise(recordings))


def test_a_change_of_what_is_wanted_takes_effect_within_ten_seconds(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    camera = register.add("changing", virtual_cameras.url(1))
    ingest.start()
    until(lambda: topics.status(camera, "online"), "online")
    published = register.publish(msgspec.structs.replace(camera, state="paused", revision=2))
    paused = until(lambda: topics.status(camera, "paused"), "paused")
    assert paused.since - published <= 10_000_000
    published = register.publish(msgspec.structs.replace(camera, revision=3))
    until(lambda: topics.status(camera, "online"), "online again")
    shown = next(one for one in topics.fragments(camera) if one.start > paused.since)
    assert shown.start - published <= 10_000_000


def test_two_processes_of_one_name_are_one_too_many_and_it_is_said(
    replica: Make, register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    camera = register.add("contested", virtual_cameras.url(1))
    first, second = replica("ingest-tests", "first"), replica("ingest-tests", "second")
    first.start()
    until(lambda: topics.fragments(camera), "the first reads")
    second.start()
    assert until(lambda: first.exit_code, "the first gives way") == 78
    assert "VANTAGE_REPLICA=ingest-tests" in first.log()
    epoch = topics.fragments(camera)[0].epoch
    until(lambda: topics.fragments(camera)[-1].epoch > epoch, "the second reads")
