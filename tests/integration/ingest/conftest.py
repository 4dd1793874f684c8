"""The real ingest process on the real parts, in a cell of its own, and what it put on the topics."""

import contextlib
import json
import os
import signal
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition

from vantage.contracts import Camera, CameraStatus, Fragment, Message, Recording, decode
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source
from vantage.publish import Publisher
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.process import ManagedProcess
from vantage_stack.stack import Stack

T = TypeVar("T")
DEADLINE_S = 60.0
FAR = 4_000_000_000_000_000


def until(condition: Callable[[], T | None], what: str) -> T:
    """Wait, generously, until the condition gives something."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    msg = f"not within {DEADLINE_S:.0f} s: {what}"
    raise AssertionError(msg)


class Topics:
    """What was written for the test's cell, read as it comes by a thread of its own."""

    def __init__(self, bootstrap: str, cell: str) -> None:
        self._cell = cell
        self._messages: list[Message] = []
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "ingest-tests", "enable.auto.commit": False, "log_level": 0}
        )
        topics = ("fragments.v1", "recordings.v1", "camera-status.v1")
        self._consumer.assign(
            [
                TopicPartition(topic, number, high)
                for topic in topics
                for number in self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
                for _, high in [self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)]
            ]
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def fragments(self, camera: Camera) -> list[Fragment]:
        return [one for one in self._all() if isinstance(one, Fragment) and one.camera_id == camera.camera_id]

    def recordings(self, camera: Camera) -> list[Recording]:
        """In the order of their start, each once; a repetition must be the same."""
        found: dict[str, Recording] = {}
        for one in self._all():
            if isinstance(one, Recording) and one.camera_id == camera.camera_id:
                assert found.setdefault(one.recording_id, one) == one
        return sorted(found.values(), key=lambda recording: recording.start)

    def at_least(self, camera: Camera, count: int) -> list[Recording]:
        """The recordings, once there are so many."""
        recordings = self.recordings(camera)
        return recordings if len(recordings) >= count else []

    def statuses(self, camera: Camera) -> list[CameraStatus]:
        return [one for one in self._all() if isinstance(one, CameraStatus) and one.camera_id == camera.camera_id]

    def status(self, camera: Camera, state: str) -> CameraStatus | None:
        """The last status, where it is of this state."""
        last = self.statuses(camera)[-1:]
        return last[0] if last and last[0].state == state else None

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _all(self) -> list[Message]:
        return list(self._messages)

    def _read(self) -> None:
        while not self._stop.is_set():
            for record in self._consumer.consume(500, timeout=0.1):
                if record.error() is None and (record.key() or b"").decode().startswith(f"{self._cell}."):
                    self._messages.append(decode(str(record.topic()), record.value() or b""))


class Ingest:
    """One replica as its operator runs it. Starting it again is a restart: the same name and state folder."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._starts = 0
        self.state = folder / "state"
        self._log = folder / "ingest.log"
        self._environment = {**os.environ, **environment, "VANTAGE_HEALTH_PORT": "0"}
        self._process: ManagedProcess | None = None

    @property
    def _port(self) -> int:
        """Of its health endpoint, as it says: the kernel chose it, so that no other program has it."""
        told = until(lambda: self.events("health endpoint listens")[self._starts - 1 :], "its health endpoint")
        return int(str(told[-1]["port"]))

    def start(self, **more: str) -> None:
        command: list[str | Path] = [Path(sysconfig.get_path("scripts")) / "vantage-ingest", "run"]
        self._process = ManagedProcess(
            "ingest", command, log=self._log, environment={**self._environment, **more}, grace_s=30
        )
        self._starts += 1
        self._process.start()

    def kill9(self) -> None:
        """Kill all its processes at once, as a node that is lost would."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)  # so that it starts no worker anew meanwhile
        for pid in self.workers().values():
            os.kill(pid, signal.SIGKILL)
        self.kill9_supervisor()

    def kill9_supervisor(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        assert self._process.wait(DEADLINE_S)

    def workers(self) -> dict[str, int]:
        """The process of each slot."""
        assert self._process is not None
        found: dict[str, int] = {}
        for child in psutil.Process(self._process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                words = child.cmdline()
                if "--slot" in words:
                    found[words[words.index("--slot") + 1]] = child.pid
        return found

    def stop(self) -> int | None:
        """Ask it to end; gives its exit code, or minus the signal that was needed."""
        if self._process is None:
            return None
        self._process.stop()
        return self._process.exit_code

    @property
    def exit_code(self) -> int | None:
        """How it ended by itself; None while it runs."""
        return self._process.exit_code if self._process else None

    def log(self) -> str:
        return self._log.read_text()

    def events(self, event: str) -> list[dict[str, object]]:
        """The lines of the log with this event; without one that was cut off, by a look in between or a kill."""
        found = []
        for line in self.log().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                found += [told for told in [json.loads(line)] if isinstance(told, dict) and told["event"] == event]
        return found

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        text = httpx.get(f"http://127.0.0.1:{self._port}/metrics", trust_env=False).text
        lines = (line for line in text.splitlines() if line.startswith((name + " ", name + "{")))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


class Register:
    """What the scheme would publish, for cameras of the test's cell."""

    def __init__(self, bootstrap: str, cell: str) -> None:
        self._publisher = Publisher(bootstrap, "scheme", cell)
        self._cell = cell
        self._published: dict[str, Camera] = {}

    def add(self, name: str, url: str, *, credential: str | None = "good", expires_at: int = FAR) -> Camera:
        camera = Camera(
            camera_id=f"{self._cell}.{name}",
            cell_id=self._cell,
            revision=1,
            state="recording",
            name=name,
            source=Source(url=url, credential=credential),
            place=Place(latitude=22.3, longitude=114.2),
            authority=Authority(reference="order 17", expires_at=expires_at),
            changed_at=1,
        )
        self.publish(camera)
        return camera

    def publish(self, camera: Camera) -> int:
        """Gives when it was on the topic, UTC microseconds."""
        self._published[camera.camera_id] = camera
        self._publisher.publish("cameras.v1", camera)
        self._publisher.flush()
        return time.time_ns() // 1000

    def clear(self) -> None:
        """Remove the test's cameras from the compacted topic."""
        for camera_id in self._published:
            self._publisher.publish_raw("cameras.v1", camera_id.encode(), None, [])
        self._publisher.flush()


@pytest.fixture
def cell() -> str:
    return f"t{uuid4().hex[:10]}"


@pytest.fixture
def topics(kafka_bootstrap: str, cell: str) -> Iterator[Topics]:
    topics = Topics(kafka_bootstrap, cell)
    yield topics
    topics.close()


@pytest.fixture
def register(kafka_bootstrap: str, cell: str) -> Iterator[Register]:
    register = Register(kafka_bootstrap, cell)
    yield register
    register.clear()


@pytest.fixture
def credentials(virtual_cameras: VirtualCameras, tmp_path: Path) -> Path:
    """The credentials folder, with a good and a wrong one."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "good").write_text(virtual_cameras.credential + "\n")
    (folder / "wrong").write_text("camera:Tr0ub4dor&3/?@:x\n")
    return folder


@pytest.fixture
def replica(stack: Stack, credentials: Path, cell: str, tmp_path: Path) -> Iterator[Callable[[str, str], Ingest]]:
    """Makes replicas: by name, and by the folder of their state."""
    stack.require("kafka", "store", "cameras")
    made: list[Ingest] = []
    own = {
        "VANTAGE_CELL_ID": cell,
        "VANTAGE_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "VANTAGE_INGEST_CREDENTIALS": str(credentials),
        "VANTAGE_INGEST_RECORDING_SECONDS": "3",
        "VANTAGE_INGEST_OPEN_TIMEOUT_SECONDS": "2",
        "VANTAGE_INGEST_READ_TIMEOUT_SECONDS": "2",
        "VANTAGE_INGEST_RETRY_FIRST_SECONDS": "0.2",
        "VANTAGE_INGEST_RETRY_LONGEST_SECONDS": "2",
        "VANTAGE_INGEST_KAFKA_GRACE_SECONDS": "1",
        "VANTAGE_INGEST_WORKERS": "1",
        "VANTAGE_INGEST_PIN": "false",
        "VANTAGE_CAMERA_NETWORKS": "127.0.0.0/8",
    }

    def make(name: str, folder: str) -> Ingest:
        (tmp_path / folder).mkdir()
        place = {"VANTAGE_REPLICA": name, "VANTAGE_STATE_DIR": str(tmp_path / folder / "state")}
        made.append(Ingest(stack.environment() | own | place, tmp_path / folder))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def ingest(replica: Callable[[str, str], Ingest]) -> Ingest:
    return replica("ingest-tests", "only")
