"""What a kill, a store that is away and an event log that is away cost: a gap with a cause, or nothing."""

from itertools import pairwise

from vantage.contracts import Camera, Recording
from vantage.objects import S3ObjectStore
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.stack import Stack

from .conftest import Ingest, Register, Topics, until


def recorded(topics: Topics, camera: Camera) -> set[str]:
    return {piece.sha256 for recording in topics.recordings(camera) for piece in recording.fragments}


def after_epoch(topics: Topics, camera: Camera, epoch: int) -> list[Recording]:
    return [recording for recording in topics.recordings(camera) if recording.epoch > epoch]


def test_a_kill_loses_no_fragment_of_the_spool_and_the_gap_is_the_restart(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras, object_store: S3ObjectStore
) -> None:
    camera = register.add("killed", virtual_cameras.url(1))
    ingest.start()
    until(lambda: topics.recordings(camera) and len(topics.fragments(camera)) >= 4, "a recording and a bit of the next")
    ingest.kill9()
    announced = {fragment.sha256 for fragment in topics.fragments(camera)}
    epoch = topics.fragments(camera)[0].epoch
    assert announced - recorded(topics, camera)
    assert list((ingest.state / "workers").glob("*/spool/*"))

    ingest.start()
    after = until(lambda: after_epoch(topics, camera, epoch), "a recording of the next run")[0]
    assert announced <= recorded(topics, camera)
    before = [recording for recording in topics.recordings(camera) if recording.epoch == epoch]
    assert after.gap_before is not None
    assert after.gap_before.cause == "ingest-restarted"
    assert (after.gap_before.start, after.gap_before.end) == (before[-1].end, after.start)
    for recording in topics.recordings(camera):
        assert object_store.stat(recording.bucket, recording.object).size == recording.size


def test_recording_goes_on_while_the_store_is_away_and_live_video_is_dropped(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras, stack: Stack
) -> None:
    camera = register.add("storeless", virtual_cameras.url(2))
    ingest.start(VANTAGE_INGEST_LIVE_MAX_AGE_SECONDS="2")
    until(lambda: topics.fragments(camera), "live video")
    with stack.away("store"):
        until(lambda: ingest.metric("vantage_ingest_live_dropped_total") > 0, "live video is dropped")
        until(lambda: ingest.metric("vantage_ingest_spool_recordings") > 0, "a recording waits")
        count = len(ingest.events("recordings stay in the spool and are tried again"))
        assert count == 1
    until(lambda: ingest.metric("vantage_ingest_spool_recordings") == 0, "the spool is brought away")
    fragments = len(topics.fragments(camera))
    until(lambda: len(topics.fragments(camera)) > fragments, "live video again")
    recordings = until(lambda: topics.at_least(camera, 2), "recordings")
    assert all(before.end == after.start for before, after in pairwise(recordings))
    assert all(recording.gap_before is None for recording in recordings[1:])


def test_recording_goes_on_while_the_event_log_is_away_even_over_a_kill(
    ingest: Ingest, register: Register, topics: Topics, virtual_cameras: VirtualCameras, stack: Stack
) -> None:
    camera = register.add("logless", virtual_cameras.url(3))
    ingest.start()
    epoch = until(lambda: topics.fragments(camera), "live video")[0].epoch
    until((ingest.state / "desired.json").exists, "the desired state is on the disk")
    with stack.away("kafka"):
        waiting = ingest.metric("vantage_ingest_spool_recordings")
        until(lambda: ingest.metric("vantage_ingest_spool_recordings") > waiting, "a recording waits")
        ingest.kill9()
        ingest.start()
        until(lambda: ingest.events("the event log is away: recording what this replica recorded last"), "it is said")
        until(lambda: ingest.metric("vantage_ingest_fragments_total") > 1, "recording without the event log")
    until(lambda: len({recording.epoch for recording in topics.recordings(camera)}) >= 3, "an ownership of the group")
    recordings = topics.recordings(camera)
    gaps = [recording.gap_before for recording in recordings if recording.gap_before]
    assert [gap.cause for gap in gaps] == ["first-recording", "ingest-restarted"]
    assert recordings[0].epoch == epoch
    for before, after in pairwise(recordings):
        assert after.start == before.end or after.gap_before in gaps
