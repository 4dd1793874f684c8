"""What the tests of alerts share: cameras and rules of their own in the real log, and engine and desk as processes.

Cameras and rules are published before the engine starts, so that no test races the engine's tables. Expectations are
computed by the pure rules; what is tested is that processes, killed or not, bring exactly that to alerts.v1.
"""

import json
import os
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Literal, cast
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka import Message as Record
from msgspec.structs import replace

from vantage.contracts import AlertEvent, Camera, Detections, Finding, Rule, decode
from vantage.contracts.base import Clock, Place
from vantage.contracts.camera import Authority, Source, Zone
from vantage.contracts.detection import FrameObjects, Seen
from vantage.contracts.rule import CrowdCount, Intrusion
from vantage.ids import fragment_id
from vantage.publish import Publisher
from vantage_alerts.domain.state import CameraState
from vantage_alerts.domain.watch import judge, watches
from vantage_stack.process import ManagedProcess
from vantage_stack.stack import Stack

SECOND = 1_000_000
DEADLINE_S = 120.0
CAMERAS = 32
PLACE = Place(latitude=22.2831, longitude=114.1556, district="central-and-western")
WHOLE = [(0, 0), (65535, 0), (65535, 65535), (0, 65535)]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Until = Callable[[Callable[[], Any], str], None]


@pytest.fixture(scope="session")
def until() -> Until:
    """Wait for a condition, and fail by its name."""

    def wait(condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"not within {DEADLINE_S:.0f} s: {what}")
            time.sleep(0.05)

    return wait


class Program:
    """The engine or the desk, by its entry point."""

    def __init__(self, command: str, environment: Mapping[str, str], folder: Path, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VANTAGE_")}
        self._environment = inherited | dict(environment) | {"VANTAGE_HEALTH_PORT": str(port)}
        self._argv: list[str | Path] = [Path(sysconfig.get_path("scripts")) / "vantage-alerts", command]
        self._port = port
        self.log = folder / f"{command}.log"
        self.command = command
        self._process = self._new()

    def _new(self) -> ManagedProcess:
        return ManagedProcess(self.command, self._argv, log=self.log, environment=self._environment)

    def start(self) -> None:
        self._process = self._new()
        self._process.start()

    def start_and_wait(self) -> None:
        self.start()
        self._process.wait_ready(self.is_ready, DEADLINE_S)

    def kill9(self) -> None:
        self._process.kill9()

    def stop(self) -> int | None:
        self._process.stop()
        return self._process.exit_code

    def wait_for_end(self) -> int | None:
        assert self._process.wait(DEADLINE_S)
        return self._process.exit_code

    def is_ready(self) -> bool:
        return self.waits_for() == {}

    def waits_for(self) -> dict[str, str] | None:
        """What readiness waits for; None while nothing answers."""
        with suppress(OSError, HTTPException):
            return cast("dict[str, str]", json.loads(self._get("/readyz"))["waiting"])
        return None

    def metric(self, line: str) -> float:
        """The value of the metric whose line begins so; 0 where there is none."""
        for found in self._get("/metrics").decode().splitlines():
            if found.startswith(line + " "):
                return float(found.rsplit(" ", 1)[1])
        return 0.0

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def _get(self, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


class Scene:
    """One camera's detections. Time is the film's own and lies in the past."""

    def __init__(self, camera: Camera, rules: Sequence[Rule]) -> None:
        self.camera, self.rules = camera, list(rules)
        self.messages: list[Detections] = []
        self._at = time.time_ns() // 1000 - 3600 * SECOND

    def shows(self, *people: int) -> list[Detections]:
        """A fragment of a second for each number of people, five frames each."""
        new = [self._fragment(count) for count in people]
        self.messages += new
        return new

    def _fragment(self, count: int) -> Detections:
        start, self._at = self._at, self._at + SECOND
        seen = [Seen("person", 200, 900 * n, 30000, 900 * n + 500, 40000, n + 1) for n in range(count)]
        return Detections(
            camera_id=self.camera.camera_id,
            fragment_id=fragment_id(self.camera.camera_id, 1, start),
            epoch=1,
            start=start,
            duration=SECOND,
            clock=Clock(quality="ntp"),
            detector="nanodet",
            version="1.0.0",
            model_digest="0" * 64,
            frames=[FrameObjects(start + number * 200_000, seen) for number in range(5)],
        )

    def findings(self) -> list[Finding]:
        """What the rules find in all that was shown."""
        state, found = CameraState(), list[Finding]()
        watched = watches(self.camera, self.rules)
        for message in self.messages:
            judged = judge(state, message, watched, message.start + SECOND)
            state = judged.state
            found += judged.findings
        return found

    def changes(self) -> list[tuple[str, int, str]]:
        """What alerts.v1 is to hold of it: alert, revision and change, in order."""
        names = {"opened": "raised", "changed": "updated", "closed": "ended"}
        return [(finding.alert_id, finding.step, names[finding.state]) for finding in self.findings()]


class AlertLog:
    """alerts.v1 as a subscriber reads it, from where it ended when the tests began."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "alerts-tests", "log_level": 0})
        _, high = self._consumer.get_watermark_offsets(TopicPartition("alerts.v1", 0), timeout=15)
        self._consumer.assign([TopicPartition("alerts.v1", 0, high)])
        self._records: list[tuple[AlertEvent, Record]] = []

    def records(self, camera_id: str) -> list[tuple[AlertEvent, Record]]:
        """Events of a camera with their records, in the topic's order."""
        for record in self._consumer.consume(1000, timeout=0.05):
            if record.error() is None:
                self._records.append((cast("AlertEvent", decode("alerts.v1", record.value() or b"")), record))
        return [pair for pair in self._records if pair[0].camera_id == camera_id]

    def events(self, camera_id: str) -> list[AlertEvent]:
        return [event for event, _ in self.records(camera_id)]

    def count(self, scenes: Sequence[Scene]) -> int:
        """How many events there are of these cameras."""
        return sum(len(self.events(scene.camera.camera_id)) for scene in scenes)

    def changes(self, camera_id: str) -> list[tuple[str, int, str]]:
        return [(event.alert_id, event.revision, event.change) for event in self.events(camera_id)]

    def close(self) -> None:
        self._consumer.close()


class Cell:
    """The parts with cameras and rules of these tests in them."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self._folder = stack, folder
        self.run = f"a{uuid4().hex[:10]}"
        self.bootstrap = stack.kafka.bootstrap
        self.publisher = Publisher(self.bootstrap, "alerts-tests", "hk1")
        self.cameras = [self.camera(number) for number in range(CAMERAS)]
        names = [camera.camera_id for camera in self.cameras]
        self.rules = [self.intrusion("steps", names), self.crowd("crowd", names)]
        self._free = iter(self.cameras)
        self._published: dict[str, Camera | Rule] = {}
        self.put(*self.cameras, *self.rules)

    def camera(self, number: int) -> Camera:
        return Camera(
            camera_id=f"hk1.{self.run}-{number}",
            cell_id="hk1",
            revision=1,
            state="recording",
            name="A camera of the tests of alerts",
            source=Source(url="rtsp://127.0.0.1/none"),
            place=PLACE,
            authority=Authority(reference="T-1", expires_at=4_000_000_000 * SECOND),
            zones=[Zone(zone_id="steps", name="steps", polygon=WHOLE)],
            changed_at=1,
        )

    def intrusion(self, name: str, cameras: list[str], version: int = 1) -> Rule:
        return self._rule(name, cameras, version, Intrusion(zone_id="steps", labels=["person"]))

    def crowd(self, name: str, cameras: list[str]) -> Rule:
        return self._rule(name, cameras, 1, CrowdCount(threshold=3, labels=["person"], minimum_us=SECOND))

    def _rule(self, name: str, cameras: list[str], version: int, condition: Intrusion | CrowdCount) -> Rule:
        return Rule(
            rule_id=f"{self.run}-{name}",
            version=version,
            name=name,
            cameras=cameras,
            condition=condition,
            clear_us=SECOND,
            changed_at=version,
        )

    def put(self, *items: Camera | Rule) -> None:
        for item in items:
            topic, key = ("cameras.v1", item.camera_id) if isinstance(item, Camera) else ("rules.v1", item.rule_id)
            self.publisher.publish(topic, item)
            self._published[key] = item
        self.publisher.flush()

    def scene(self, *rules: Rule) -> Scene:
        """A camera that no other test uses."""
        return Scene(next(self._free), [*self.rules, *rules])

    def send(self, messages: Sequence[Detections]) -> None:
        for message in messages:
            self.publisher.publish("detections.v1", message, trace=TRACE)
        self.publisher.flush()

    def program(self, command: Literal["engine", "desk"], replica: str = "r1", **settings: str) -> Program:
        environment = {
            **self.stack.environment(),
            "VANTAGE_S3_ENDPOINT": "127.0.0.1:9",
            "VANTAGE_S3_ACCESS_KEY": "not-used",
            "VANTAGE_S3_SECRET_KEY": "not-used",
            "VANTAGE_POSTGRES_DSN": self.stack.postgres.dsns["alerts"],
            "VANTAGE_STATE_DIR": str(self._folder / "state"),
            "VANTAGE_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "VANTAGE_REPLICA": f"{self.run}-{replica}",
            "VANTAGE_ALERTS_ENGINE_GROUP": f"engine-{self.run}",
            "VANTAGE_ALERTS_DESK_GROUP": f"desk-{self.run}",
            **settings,
        }
        return Program(command, environment, self._folder / replica, self.stack.ports.free())

    def rows(self, query: str, *arguments: object, role: str = "api") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.stack.postgres.dsns[role]) as connection:
            return connection.execute(query.encode(), arguments).fetchall()

    def retire(self) -> None:
        """Leave nothing that another engine would judge."""
        for item in list(self._published.values()):
            if isinstance(item, Camera):
                self.publisher.publish("cameras.v1", _retired(item))
            else:
                self.publisher.publish("rules.v1", _disabled(item))
        self.publisher.flush()


def _retired(camera: Camera) -> Camera:
    return replace(camera, state="retired", revision=camera.revision + 1)


def _disabled(rule: Rule) -> Rule:
    return replace(rule, enabled=False, version=rule.version + 1)


@pytest.fixture(scope="session")
def cell(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    stack.require("kafka", "postgres")
    made = Cell(stack, tmp_path_factory.mktemp("alerts"))
    yield made
    made.retire()


@pytest.fixture(scope="session")
def alert_log(cell: Cell) -> Iterator[AlertLog]:
    log = AlertLog(cell.bootstrap)
    yield log
    log.close()


@pytest.fixture(scope="session")
def engine(cell: Cell) -> Iterator[Program]:
    program = cell.program("engine")
    program.start_and_wait()
    yield program
    assert program.stop() == 0


@pytest.fixture(scope="session")
def desk(cell: Cell, alert_log: AlertLog) -> Iterator[Program]:
    program = cell.program("desk")
    program.start_and_wait()
    yield program
    assert program.stop() == 0
