"""Following the files and the clock: what changes is published, what is wrong is told, nothing is forgotten."""

import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from vantage.clock import ManualClock
from vantage.contracts import Camera, Rule
from vantage.service import Running
from vantage_scheme.follower import Follower
from vantage_scheme.scheme import Scheme

DAY_S = 86_400
EXPIRES = "2099-12-31T18:00:00+08:00"


class Desk:
    """A follower on the example files, looked at step by step."""

    def __init__(self, cameras: Path, rules: Path, register: Any) -> None:
        self.cameras, self.register, self.clock, self.running = cameras, register, ManualClock(), Running()
        scheme = Scheme(cell_id="hk1", cameras=cameras, rules=rules, register=register, clock=self.clock)
        self.follower = Follower(scheme, [cameras, rules], self.clock, self.running)

    def look(self, times: int = 1) -> list[str]:
        """What was published by looking so often."""
        before = len(self.register.log)
        for _ in range(times):
            self.follower.look()
        return [_shown(one) for one in self.register.log[before:]]

    def edit(self, old: str, new: str) -> None:
        text = self.cameras.read_text()
        assert old in text
        self.cameras.write_text(text.replace(old, new))
        stamp = self.cameras.stat().st_mtime_ns + 1_000_000_000
        os.utime(self.cameras, ns=(stamp, stamp))


def _shown(change: Camera | Rule) -> str:
    if isinstance(change, Camera):
        return f"{change.camera_id} {change.state} {change.revision}"
    return f"{change.rule_id} {change.version}"


@pytest.fixture
def desk(cameras_file: Path, rules_file: Path, register: Any) -> Desk:
    return Desk(cameras_file, rules_file, register)


class TestFiles:
    def test_the_first_look_publishes_both_files(self, desk: Desk) -> None:
        assert desk.look() == ["hk1.queens-road-17 recording 1", "hk1.pier-9 paused 1", "steps-closed 1", "crowd 1"]
        assert desk.running.readiness.reasons() == {}
        assert desk.look(5) == []

    def test_a_change_is_read_when_it_has_stood_still(self, desk: Desk) -> None:
        desk.look()
        desk.edit("Pier 9, gangway", "Pier 9")
        assert desk.look() == []
        assert desk.look() == ["hk1.pier-9 paused 2"]

    def test_a_fault_keeps_the_published_state_and_is_told(self, desk: Desk) -> None:
        desk.look()
        desk.edit("latitude: 22.2867", "latitude: 222.867")
        with capture_logs() as lines:
            assert desk.look(2) == []
        assert [line["event"] for line in lines] == ["fault in file"]

    def test_why_a_camera_is_paused_is_said_once(self, desk: Desk) -> None:
        with capture_logs() as lines:
            desk.look()
            desk.edit("Queen's Road Central", "Queen's Road")
            desk.look(2)
        assert [line["camera"] for line in lines if line["event"] == "camera paused"] == ["hk1.pier-9"]


class TestTime:
    def test_an_authority_ends_without_the_files_being_read(self, desk: Desk) -> None:
        desk.edit(EXPIRES, "2026-09-22")
        desk.look()
        desk.cameras.unlink()
        desk.clock.advance(DAY_S)
        assert desk.look() == ["hk1.queens-road-17 paused 2"]
        assert desk.look(3) == []


class TestLogAway:
    def test_the_same_look_is_taken_again_until_the_log_is_back(self, desk: Desk) -> None:
        desk.register.away = True
        assert desk.look(3) == []
        assert "away" in desk.running.readiness.reasons()["register"]
        desk.register.away = False
        assert len(desk.look()) == 4
        assert desk.running.readiness.reasons() == {}

    def test_an_authority_that_ends_meanwhile_is_not_forgotten(self, desk: Desk) -> None:
        desk.edit(EXPIRES, "2026-09-22")
        desk.look()
        desk.register.away = True
        desk.clock.advance(DAY_S)
        assert desk.look(2) == []
        desk.register.away = False
        assert desk.look() == ["hk1.queens-road-17 paused 2"]
