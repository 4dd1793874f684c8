"""Several replicas: they share the cameras, and one takes over what another left."""

import json
from collections.abc import Callable

from vantage.contracts import Camera
from vantage_stack.cameras.cameras import VirtualCameras

from .conftest import Ingest, Register, Topics, until


def partitions(ingest: Ingest) -> list[int]:
    """How many cameras each partition of the replica has, as it remembers it."""
    path = ingest.state / "desired.json"
    return [len(cameras) for cameras in json.loads(path.read_text())["partitions"].values()] if path.exists() else []


def test_a_replica_that_comes_is_given_a_share_and_what_it_leaves_by_a_kill_is_taken_over(
    replica: Callable[[str, str], Ingest], register: Register, topics: Topics, virtual_cameras: VirtualCameras
) -> None:
    first, second = replica("ingest-tests", "first"), replica("ingest-tests-2", "second")
    first.start()
    cameras: list[Camera] = []
    while not cameras or not all(partitions(first)):
        cameras.append(register.add(f"shared-{len(cameras)}", virtual_cameras.url(1 + len(cameras) % 4)))
        until(lambda: sum(partitions(first)) == len(cameras), "the first knows of it")
    until(lambda: all(topics.fragments(camera) for camera in cameras), "the first reads all")
    second.start()

    def moved() -> list[Camera]:
        online = [line["camera"] for line in second.events("camera") if line["state"] == "online"]
        return [camera for camera in cameras if camera.camera_id in online]

    until(lambda: moved() and first.events("partitions revoked"), "the second reads some")
    assert len(moved()) < len(cameras)
    camera = moved()[0]
    taken = until(lambda: [r for r in topics.recordings(camera) if r.epoch > topics.fragments(camera)[0].epoch], "took")
    assert taken[0].gap_before is not None
    assert taken[0].gap_before.cause == "ingest-restarted"
    assert "took the camera over" in taken[0].gap_before.detail

    second.kill9()
    epoch = topics.fragments(camera)[-1].epoch
    until(lambda: topics.fragments(camera)[-1].epoch > epoch, "the first takes it over")
    epochs = [fragment.epoch for fragment in topics.fragments(camera)]
    assert epochs == sorted(epochs)
    assert first.stop() == 0


def test_two_processes_of_one_name_are_one_too_many_and_it_is_said(
    replica: Callable[[str, str], Ingest], register: Register, topics: Topics, virtual_cameras: VirtualCameras
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
