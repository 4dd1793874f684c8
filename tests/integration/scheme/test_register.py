"""The port `Register`: one suite for the one in memory, which unit tests use, and the one in the event log."""

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from vantage.contracts import Camera, Rule
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source
from vantage.contracts.rule import CrowdCount
from vantage_scheme.adapters.register import KafkaRegister
from vantage_scheme.scheme import Register
from vantage_scheme.settings import SchemeSettings

UNIT = Path(__file__).resolve().parents[2] / "unit" / "scheme" / "conftest.py"


def memory_register() -> Any:
    spec = importlib.util.spec_from_file_location("scheme_unit_conftest", UNIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MemoryRegister()


def opened(settings: SchemeSettings) -> KafkaRegister:
    register = KafkaRegister.open(settings)
    register.wait_ready(60)
    return register


@pytest.fixture(params=["memory", "kafka"])
def register(request: pytest.FixtureRequest) -> Iterator[Register]:
    if request.param == "memory":
        yield memory_register()
        return
    register = opened(request.getfixturevalue("settings"))
    yield register
    register.stop()


@pytest.fixture
def camera() -> Camera:
    return Camera(
        camera_id=f"hk1.c-{uuid4().hex[:12]}",
        cell_id="hk1",
        revision=1,
        state="recording",
        name="One",
        source=Source(url="rtsp://127.0.0.1:8554/one"),
        place=Place(latitude=22.1, longitude=113.5),
        authority=Authority(reference="SIP-1", expires_at=1_800_000_000_000_000),
        changed_at=1,
    )


@pytest.fixture
def rule() -> Rule:
    condition = CrowdCount(threshold=30, labels=["person"])
    return Rule(
        rule_id=f"r-{uuid4().hex[:12]}", version=1, name="Crowd", cameras=["*"], condition=condition, changed_at=1
    )


class TestBoth:
    def test_what_was_published_is_there_at_once(self, register: Register, camera: Camera, rule: Rule) -> None:
        register.publish([camera, rule])
        assert register.cameras()[camera.camera_id] == camera
        assert register.rules()[rule.rule_id] == rule

    def test_a_later_revision_takes_the_place_of_an_earlier_one(
        self, register: Register, camera: Camera, rule: Rule
    ) -> None:
        register.publish([camera, rule])
        later, newer = replace(camera, revision=2, state="paused"), replace(rule, version=2, enabled=False)
        register.publish([later, newer])
        assert register.cameras()[camera.camera_id] == later
        assert register.rules()[rule.rule_id] == newer

    def test_two_revisions_in_one_call_leave_the_later(self, register: Register, camera: Camera) -> None:
        register.publish([camera, replace(camera, revision=2)])
        assert register.cameras()[camera.camera_id].revision == 2

    def test_publishing_nothing_changes_nothing(self, register: Register, camera: Camera) -> None:
        register.publish([])
        assert camera.camera_id not in register.cameras()


class TestTheEventLog:
    def test_another_process_reads_what_was_published(
        self, settings: SchemeSettings, camera: Camera, rule: Rule
    ) -> None:
        first = opened(settings)
        first.publish([camera, rule])
        second = opened(settings)
        assert second.cameras()[camera.camera_id] == camera
        assert second.rules()[rule.rule_id] == rule
        second.publish([replace(camera, revision=2)])
        deadline = time.monotonic() + 60
        while first.cameras()[camera.camera_id].revision == 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert first.cameras()[camera.camera_id].revision == 2
        first.stop()
        second.stop()
