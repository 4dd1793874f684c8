"""Scheme as a process on the real event log: the topics say what the files say, and a fault stops nothing else."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

WriteCamera = Callable[..., str]

NOWHERE = "127.0.0.1:9"
ZONE = "zones: [{id: steps, polygon: [[0, 0.5], [1, 0.5], [1, 1]]}]"


@pytest.fixture
def rule_id() -> str:
    return f"r-{uuid4().hex[:12]}"


class TestPublishing:
    def test_what_the_files_say_is_published_once(
        self, scheme: Any, published: Any, write_camera: WriteCamera, rule_id: str
    ) -> None:
        scheme.write_cameras(write_camera("one", ZONE), write_camera("two", "wanted: paused"))
        scheme.write_rules((rule_id, "one"))
        for times in ("first", "again"):
            scheme.start("publish")
            assert (times, scheme.end()) == (times, 0)
        scheme.start("run")
        scheme.eventually(lambda: scheme.waiting_for() == {})
        scheme.eventually(lambda: published.states() == {"one": ("recording", 1), "two": ("paused", 1)})
        scheme.eventually(lambda: published.rule(rule_id) is not None)
        assert published.rule(rule_id).cameras == [f"{scheme.cell}.one"]
        assert published.rule(rule_id).version == 1
        assert published.cameras()["one"].zones[0].zone_id == "steps"
        assert scheme.events("camera published") == []

    def test_a_bad_entry_is_told_with_its_line_and_the_others_are_published(
        self, scheme: Any, published: Any, write_camera: WriteCamera
    ) -> None:
        scheme.write_cameras(write_camera("one"), write_camera("two", "fragment_seconds: 20"), write_camera("three"))
        scheme.start("publish")
        assert scheme.end() == 65
        assert [fault["problem"] for fault in scheme.events("fault in file")] == [
            f"{scheme.cameras_file}:18: cameras[1] (two) fragment_seconds: 20 is too large; it must be at most 10"
        ]
        wanted = {"one": ("recording", 1), "three": ("recording", 1)}
        scheme.start("run")
        scheme.eventually(lambda: published.states() == wanted and scheme.waiting_for() == {})


class TestFollowing:
    def test_an_edit_of_the_camera_file_is_published_live(
        self, scheme: Any, published: Any, write_camera: WriteCamera
    ) -> None:
        scheme.write_cameras(write_camera("one"), write_camera("two"))
        scheme.start()
        scheme.eventually(lambda: published.states() == {"one": ("recording", 1), "two": ("recording", 1)})
        scheme.write_cameras(write_camera("one", ZONE))
        scheme.eventually(lambda: published.states() == {"one": ("recording", 2), "two": ("retired", 2)})
        scheme.cameras_file.write_text("cameras: [")
        scheme.eventually(lambda: len(scheme.events("fault in file")) == 1)
        scheme.write_cameras(write_camera("one", ZONE), write_camera("two"))
        scheme.eventually(lambda: published.states() == {"one": ("recording", 2), "two": ("recording", 3)})

    def test_an_authority_that_ends_pauses_its_camera_though_no_file_changes(
        self, scheme: Any, published: Any, write_camera: WriteCamera
    ) -> None:
        soon = datetime.now(UTC) + timedelta(seconds=8)
        scheme.write_cameras(write_camera("one", expires=soon.isoformat()), write_camera("two"))
        scheme.start()
        scheme.eventually(lambda: published.states() == {"one": ("recording", 1), "two": ("recording", 1)})
        scheme.eventually(lambda: published.states() == {"one": ("paused", 2), "two": ("recording", 1)})
        assert published.cameras()["one"].changed_at >= soon.timestamp() * 1_000_000
        assert "SIP-1 expired at" in str(scheme.events("camera paused")[-1]["reasons"])

    def test_a_kill_repeats_nothing(self, scheme: Any, published: Any, write_camera: WriteCamera) -> None:
        scheme.write_cameras(*(write_camera(f"c{number}") for number in range(200)))
        scheme.start()
        scheme.eventually(lambda: len(published.states()) > 0)
        scheme.process.kill9()
        scheme.start()
        scheme.eventually(lambda: scheme.waiting_for() == {})
        scheme.eventually(lambda: len(published.states()) == 200)
        assert set(published.states().values()) == {("recording", 1)}


class TestStart:
    def test_run_waits_for_kafka_and_says_so(self, scheme: Any, write_camera: WriteCamera) -> None:
        scheme.write_cameras(write_camera("one"))
        scheme.start("run", VANTAGE_KAFKA_BOOTSTRAP=NOWHERE)
        scheme.eventually(lambda: len(scheme.events("publishing waits")) >= 1)
        assert NOWHERE in scheme.waiting_for()["register"]
        assert "check that Kafka runs there" in scheme.waiting_for()["register"]
        assert "Traceback" not in scheme.log
        scheme.stop()
        assert scheme.process.exit_code == 0

    def test_publish_gives_up_on_kafka_with_a_line(self, scheme: Any, write_camera: WriteCamera) -> None:
        scheme.write_cameras(write_camera("one"))
        scheme.start("publish", VANTAGE_KAFKA_BOOTSTRAP=NOWHERE, VANTAGE_SCHEME_READ_TIMEOUT_SECONDS="1")
        assert scheme.end() == 69
        assert f"vantage-scheme: cameras.v1 was not read within 1 s from {NOWHERE}" in scheme.log

    def test_a_camera_file_that_is_not_there_ends_it_with_a_line(self, scheme: Any) -> None:
        scheme.start()
        assert scheme.end() == 78
        assert f"VANTAGE_SCHEME_CAMERAS names '{scheme.cameras_file}', which is not a file" in scheme.log

    @pytest.mark.parametrize("kind", ["cameras", "rules"])
    def test_the_schema_of_a_file_is_printed(self, scheme: Any, kind: str) -> None:
        scheme.start("schema", kind)
        assert scheme.end() == 0
        schema = json.loads(scheme.log)
        assert schema["required"] == [kind]
        assert "id" in schema["properties"][kind]["items"]["properties"]
