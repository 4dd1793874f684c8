"""The thread from cameras to a control room's stream, and what is left of it when each service is killed in turn.

The tests run in their order on one running thread: the last ones read back all that the others caused.
"""

import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from vantage.client import Gateway, GatewayRefused, StreamedAlert
from vantage.clock import SystemClock
from vantage.contracts import Recording
from vantage_stack.console import browse
from vantage_stack.control_room import gateway_of
from vantage_stack.playback import play
from vantage_stack.thread import Thread
from vantage_stack.thread_log import ThreadLog, read_thread

Until = Callable[..., None]
KILLED = ("scheme", "ingest", "detect", "engine", "desk", "storage", "api")
SEAM_US = 200_000
"""Recordings that are closer than this follow one another without a gap."""


def live_view(gateway: Gateway, camera: str) -> str:
    return gateway.look(camera, "live", "crowd-management").playlist


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs chromium on the PATH: a real browser")
    return found


class TestAControlRoomSees:
    def test_an_alert_on_its_stream(self, received: list[StreamedAlert], until: Until) -> None:
        until("an alert", lambda: received)
        first = received[0].event
        assert (first.change, first.revision) == ("raised", 1)
        assert first.camera_id in {"hk1.crossing-1", "hk1.crossing-2"}
        assert first.evidence.count >= 1
        assert first.place is not None

    def test_the_same_alert_in_the_list(self, gateway: Gateway, received: list[StreamedAlert], until: Until) -> None:
        wanted = received[0].event.alert_id
        until("the alert in the list", lambda: wanted in {str(row["alert_id"]) for row in gateway.alerts(limit=200)})

    def test_live_video(self, gateway: Gateway) -> None:
        played = play(gateway, live_view(gateway, "hk1.crossing-1"), most_frames=50)
        assert (played.frames, played.width, played.height) == (50, 640, 272)

    def test_recorded_video_with_every_frame_and_no_sound(self, gateway: Gateway, until: Until) -> None:
        now = SystemClock().now_us()
        found: list[Mapping[str, object]] = []

        def recorded() -> bool:
            view = gateway.look(
                "hk1.crossing-1", "recorded", "crime-detection", case="E2E", from_us=now, to_us=now + 8_000_000
            )
            found[:] = [{"playlist": view.playlist, "gaps": view.answer["gaps"]}]
            return not view.answer["gaps"]

        until("a recording without a gap", recorded)
        played = play(gateway, str(found[0]["playlist"]))
        assert played.sound_tracks == 0
        assert played.frames >= 8 * 25
        assert played.seconds >= 7.9

    def test_nothing_without_the_role(self, running: Thread) -> None:
        with gateway_of(running.stack, "public-desk") as outsider:
            window: dict[str, str | int] = {"case": "E2E", "from_us": 1, "to_us": 2}
            for kind in ("live", "recorded"):
                more = window if kind == "recorded" else {}
                with pytest.raises(GatewayRefused) as refused:
                    outsider.look("hk1.crossing-1", kind, "crime-detection", **more)
                assert refused.value.status == 403


class TestAPersonInABrowser:
    def test_signs_in_sees_an_alert_looks_at_a_camera_and_leaves_nothing_behind(
        self, running: Thread, received: list[StreamedAlert], browser: str, tmp_path: Path
    ) -> None:
        picture = tmp_path / "console.png"
        told = {
            "ORIGIN": running.stack.api_origin,
            "ACCOUNT": "operator",
            "PASSWORD": running.stack.oidc.accounts["operator"],
            "ADDRESS": "#/live/hk1.crossing-1?purpose=crowd-management",
            "PICTURE": str(picture),
            "BROWSER": browser,
        }
        seen = json.loads(browse(running.stack.cache, told).splitlines()[-1])
        assert seen["errors"] == []
        assert seen["alert"].startswith(("Somebody is on the crossing", "2 people or more"))
        assert seen["link"] == "alerts are live"
        assert seen["video"] == {"width": 640, "height": 272}
        assert seen["shown"] == "hk1.crossing-1, live, for crowd-management"
        assert "code=" not in seen["address"]
        assert seen["kept"] == {"session": 0, "local": 0, "cookies": ""}
        assert picture.stat().st_size > 10_000


class TestKilledAndBack:
    @pytest.mark.parametrize("service", KILLED)
    def test_it_comes_back_and_alerts_go_on(
        self, running: Thread, service: str, received: list[StreamedAlert], until: Until
    ) -> None:
        before = running.services.pid(service)
        running.services.kill9(service)
        until(f"a new {service}", lambda: running.services.pid(service) != before)
        running.services.wait_ready()
        known, now = len(received), SystemClock().now_us()
        until(
            "an alert of after the kill",
            lambda: any(one.event.change == "raised" and one.event.evidence.at > now for one in received[known:]),
        )

    def test_the_gateway_shows_video_under_a_link_that_it_gave_before_it_was_killed(
        self, running: Thread, gateway: Gateway
    ) -> None:
        link, before = live_view(gateway, "hk1.crossing-2"), running.services.pid("api")
        running.services.kill9("api")
        while running.services.pid("api") == before:
            running.services.check()
        running.services.wait_ready()
        assert play(gateway, link, most_frames=25).frames == 25


@pytest.fixture(scope="module")
def log(running: Thread, received: list[StreamedAlert], until: Until) -> Iterator[ThreadLog]:
    """Everything that was said, read when nothing more comes: the cameras are let go and the rest has caught up."""
    bootstrap = running.stack.kafka.bootstrap
    running.services.stop("ingest")

    until(
        lambda: f"the end of {under_way(bootstrap, received)}", lambda: not any(under_way(bootstrap, received).values())
    )
    yield read_thread(bootstrap)
    running.services.start(["ingest"])


def under_way(bootstrap: str, received: list[StreamedAlert]) -> Mapping[str, AbstractSet[object]]:
    """What has not come to its end yet, by the step that it waits for."""
    now = read_thread(bootstrap)
    said = {(event.alert_id, event.revision) for _, event in now.alerts}
    return {
        "detections": {one.fragment_id for _, one in now.fragments} - {seen.fragment_id for _, seen in now.detections},
        "desk": opened(now) - raised(now),
        "stream": said - {(one.event.alert_id, one.event.revision) for one in received},
    }


def opened(log: ThreadLog) -> set[str]:
    return {finding.alert_id for _, finding in log.findings if finding.state == "opened"}


def raised(log: ThreadLog) -> set[str]:
    return {event.alert_id for _, event in log.alerts if event.change == "raised"}


def indexed(running: Thread) -> Counter[str]:
    with psycopg.connect(running.stack.postgres.dsn) as connection:
        rows = connection.execute("select recording_id from storage.recordings_v1").fetchall()
    return Counter(row[0] for row in rows)


def by_camera(log: ThreadLog) -> dict[str, list[Recording]]:
    cameras: dict[str, list[Recording]] = defaultdict(list)
    for _, recording in log.recordings:
        cameras[recording.camera_id].append(recording)
    return {camera: sorted(found, key=lambda one: one.start) for camera, found in cameras.items()}


class TestNothingAnnouncedIsLostAndNoAlertComesTwice:
    def test_each_alert_that_was_found_was_raised_once_and_no_change_came_twice(self, log: ThreadLog) -> None:
        assert opened(log) == raised(log)
        changes = Counter((event.alert_id, event.revision) for _, event in log.alerts)
        assert max(changes.values()) == 1
        first = Counter(event.alert_id for _, event in log.alerts if event.change == "raised")
        assert max(first.values()) == 1

    def test_an_alerts_revisions_are_without_a_gap(self, log: ThreadLog) -> None:
        revisions = defaultdict(list)
        for _, event in log.alerts:
            revisions[event.alert_id].append(event.revision)
        assert all(found == list(range(1, len(found) + 1)) for found in revisions.values())

    def test_the_subscriber_received_what_is_on_the_topic_in_its_order(
        self, log: ThreadLog, received: list[StreamedAlert]
    ) -> None:
        said = [event.event_id for _, event in log.alerts]
        heard = [one.event.event_id for one in received]
        assert heard == said

    def test_each_fragment_was_announced_once_and_looked_at(self, log: ThreadLog) -> None:
        announced = Counter(fragment.fragment_id for _, fragment in log.fragments)
        assert max(announced.values()) == 1
        assert set(announced) <= {seen.fragment_id for _, seen in log.detections}

    def test_the_same_detections_are_said_of_a_fragment_however_often(self, log: ThreadLog) -> None:
        said = defaultdict(set)
        for _, seen in log.detections:
            said[seen.fragment_id].add((seen.camera_id, seen.epoch, seen.start, seen.duration))
        assert all(len(different) == 1 for different in said.values())

    def test_each_fragment_is_recorded_byte_for_byte(self, log: ThreadLog, running: Thread) -> None:
        until_recorded = {part.sha256 for _, recording in log.recordings for part in recording.fragments}
        missing = [fragment for _, fragment in log.fragments if fragment.sha256 not in until_recorded]
        assert not missing, f"{len(missing)} announced fragments are in no recording, first: {missing[0]}"

    def test_each_recording_is_in_the_store_as_announced(self, log: ThreadLog, running: Thread) -> None:
        store = running.stack.store.access.open()
        for _, recording in log.recordings:
            data = store.get(recording.bucket, recording.object)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (recording.size, recording.sha256)
            for part in recording.fragments:
                piece = data[part.offset : part.offset + part.length]
                assert hashlib.sha256(piece).hexdigest() == part.sha256

    def test_each_recording_is_indexed_once(self, log: ThreadLog, running: Thread, until: Until) -> None:
        announced = {recording.recording_id for _, recording in log.recordings}
        until("the index", lambda: set(indexed(running)) == announced)
        assert max(indexed(running).values()) == 1

    def test_recordings_of_a_camera_do_not_overlap_and_each_gap_has_its_cause(self, log: ThreadLog) -> None:
        for camera, recordings in by_camera(log).items():
            for before, after in pairwise(recordings):
                assert after.start >= before.end - SEAM_US, (camera, before.end, after.start)
                if after.start - before.end > SEAM_US:
                    assert after.gap_before is not None, (camera, before.end, after.start)
                    assert after.gap_before.cause == "ingest-restarted", after.gap_before

    def test_no_message_was_put_aside(self, log: ThreadLog) -> None:
        assert set(log.dead_letters.values()) == {0}, log.dead_letters

    def test_each_look_was_decided_and_recorded(self, log: ThreadLog) -> None:
        decisions = Counter((record.action, record.decision) for _, record in log.audit if record.kind == "decision")
        assert decisions["view.live", "allow"] >= 2
        assert decisions["view.recorded", "allow"] >= 1
        assert decisions["view.live", "deny"] == 1
        assert decisions["view.recorded", "deny"] == 1
        assert decisions["alerts.stream", "allow"] >= 3
