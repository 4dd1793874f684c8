"""What the tests of storage share: a database of their own, messages, and storage as a process."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
import yaml
from confluent_kafka import Consumer, KafkaException, TopicPartition
from msgspec.structs import replace
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vantage.contracts import Recording, Track
from vantage.ids import recording_id, track_id
from vantage.postgres import migrate
from vantage.publish import Publisher
from vantage_stack.process import ManagedProcess
from vantage_storage.service import MIGRATIONS, SCHEMA

from .crash import crash  # noqa: F401  # a fixture

TOPICS = Path(__file__).resolve().parents[3] / "schemas" / "topics"


class Database:
    """A database with the schema `storage`, owned by storage's role. A test's own: rows are never taken out."""

    def __init__(self, administrator: str, storage: str) -> None:
        self._administrator = administrator
        self.name = f"storage_{uuid4().hex[:12]}"
        self.dsn = make_conninfo(storage, dbname=self.name)
        self.admin_dsn = make_conninfo(administrator, dbname=self.name)
        self._role = str(conninfo_to_dict(storage)["user"])

    def make(self) -> None:
        with psycopg.connect(self._administrator, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(self.name)))
        with psycopg.connect(self.admin_dsn) as connection:
            connection.execute(sql.SQL("create schema storage authorization {}").format(sql.Identifier(self._role)))

    def drop(self) -> None:
        with psycopg.connect(self._administrator, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(self.name)))

    def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.admin_dsn) as connection:
            return connection.execute(query.encode(), arguments).fetchall()

    def begin_at(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Make the schema, and let storage read on from these offsets."""
        migrate(self.dsn, SCHEMA, MIGRATIONS)
        with psycopg.connect(self.admin_dsn) as connection, connection.cursor() as cursor:
            cursor.execute("truncate storage.offsets")
            rows = [(*place, offset) for place, offset in offsets.items()]
            cursor.executemany("insert into storage.offsets values (%s, %s, %s)", rows)

    def offsets(self) -> dict[tuple[str, int], int]:
        return {(topic, number): offset for topic, number, offset in self.rows("table storage.offsets")}

    def lock(self) -> None:
        """Cut every connection and let nobody in, as a database that is restarted does."""
        with psycopg.connect(self._administrator, autocommit=True) as connection:
            connection.execute(sql.SQL("alter database {} allow_connections false").format(sql.Identifier(self.name)))
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [self.name])

    def unlock(self) -> None:
        with psycopg.connect(self._administrator, autocommit=True) as connection:
            connection.execute(sql.SQL("alter database {} allow_connections true").format(sql.Identifier(self.name)))

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.admin_dsn) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def database(postgres_dsn: str, postgres_dsns: Mapping[str, str]) -> Iterator[Database]:
    made = Database(postgres_dsn, postgres_dsns["storage"])
    made.make()
    yield made
    made.drop()


@cache
def _example(topic: str, kind: type[Any]) -> Any:
    source = yaml.safe_load((TOPICS / f"{topic}.yaml").read_text())
    return msgspec.convert(source["examples"][0]["value"], kind)


def recording(camera_id: str, *, start: int | None = None, **changes: Any) -> Recording:
    """The topic's own example, of another camera and time, under the id that these make.

    Its `size` is what its fragments and their trailer take; whoever changes `fragments` changes it as well
    (`vantage.fragment_digests.trailer_length`), or the index refuses it.
    """
    example: Recording = _example("recordings.v1", Recording)
    later = 0 if start is None else start - example.start
    moved = replace(
        example,
        camera_id=camera_id,
        start=example.start + later,
        end=example.end + later,
        fragments=[replace(one, start=one.start + later) for one in example.fragments],
        **changes,
    )
    return replace(moved, recording_id=recording_id(camera_id, moved.start, moved.epoch))


def track(camera_id: str, **changes: Any) -> Track:
    """The topic's own example, of another camera, under the id that its fields make."""
    example: Track = replace(_example("tracks.v1", Track), camera_id=camera_id, **changes)
    version = f"{example.detector}@{example.version}"
    return replace(example, track_id=track_id(camera_id, version, example.start, example.number))


@pytest.fixture
def make_recording() -> Callable[..., Recording]:
    return recording


@pytest.fixture
def make_track() -> Callable[..., Track]:
    return track


@pytest.fixture
def camera_id() -> str:
    """A camera of this test alone: the event log is shared."""
    return f"hk1.c-{uuid4().hex[:12]}"


class StorageProcess:
    """`vantage-storage` as it is run: a process with an environment, killed and started again by the test."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = {"PATH": os.environ["PATH"], **environment}
        self._log = folder / "storage.log"
        self._process: ManagedProcess | None = None

    @property
    def process(self) -> ManagedProcess:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def start(self, command: str = "run", **environment: str) -> None:
        argv: list[str | Path] = [Path(sys.executable).with_name("vantage-storage"), command]
        self._log.unlink(missing_ok=True)
        self._process = ManagedProcess(
            "storage", argv, log=self._log, environment=self._environment | environment, folder=self._log.parent
        )
        self._process.start()

    def waiting_for(self) -> dict[str, str]:
        """What the process says it waits for; empty when it is ready."""
        listens = [json.loads(line) for line in self.log.splitlines() if "health endpoint listens" in line]
        if not listens:
            return {"process": "it has hardly begun"}
        connection = HTTPConnection("127.0.0.1", listens[0]["port"], timeout=5)
        connection.request("GET", "/readyz")
        return dict(json.loads(connection.getresponse().read())["waiting"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()


@pytest.fixture
def environment(kafka_bootstrap: str, database: Database) -> dict[str, str]:
    return {
        "VANTAGE_CELL_ID": "hk1",
        "VANTAGE_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "VANTAGE_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "VANTAGE_POSTGRES_DSN": database.dsn,
        "VANTAGE_S3_ENDPOINT": "127.0.0.1:9",  # nothing of the object store is used yet
        "VANTAGE_S3_ACCESS_KEY": "unused",
        "VANTAGE_S3_SECRET_KEY": "unused",
        "VANTAGE_STORAGE_API_PORT": "0",
        "VANTAGE_STORAGE_API_TOKEN": token_urlsafe(32),
    }


@pytest.fixture
def storage(environment: dict[str, str], tmp_path: Path) -> Iterator[StorageProcess]:
    made = StorageProcess(environment | {"VANTAGE_REPLICA": "tests"}, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def second_storage(environment: dict[str, str], tmp_path: Path) -> Iterator[StorageProcess]:
    """Another replica on the same database."""
    folder = tmp_path / "second"
    folder.mkdir()
    made = StorageProcess(environment | {"VANTAGE_REPLICA": "tests-second"}, folder)
    yield made
    made.stop()


class EventLog:
    """The two topics as a test writes them, from where they ended when it began: others have written there, too."""

    TOPICS = ("recordings.v1", "tracks.v1")

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"reader-{uuid4().hex}"})
        self.publisher = Publisher(bootstrap, "test-storage", "hk1")
        self.starts = self.ends()
        self._letters = self._ends_of("recordings.v1.dlq")

    def ends(self) -> dict[tuple[str, int], int]:
        return {place: end for topic in self.TOPICS for place, end in self._ends_of(topic).items()}

    def publish(self, messages: Iterable[Recording | Track]) -> None:
        for one in messages:
            self.publisher.publish("recordings.v1" if isinstance(one, Recording) else "tracks.v1", one)
        self.publisher.flush()

    def letters(self) -> list[tuple[bytes, str]]:
        """The recordings dead-lettered since the test began: their bytes, and why."""
        ends = self._ends_of("recordings.v1.dlq")
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in self._letters.items()])
        found: list[tuple[bytes, str]] = []
        while len(found) < sum(ends.values()) - sum(self._letters.values()):
            record = self._consumer.poll(5)
            assert record is not None
            reason = next(value for name, value in list(record.headers() or []) if name == "error")
            found.append((record.value() or b"", bytes(reason or b"").decode()))  # type: ignore[arg-type]
        return found

    def close(self) -> None:
        self._consumer.close()

    def _ends_of(self, topic: str) -> dict[tuple[str, int], int]:
        numbers = self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
        return {(topic, number): self._end_of(TopicPartition(topic, number)) for number in numbers}

    def _end_of(self, partition: TopicPartition) -> int:
        for _ in range(50):
            with suppress(KafkaException):  # of a topic that was only just made and has no leader yet
                return self._consumer.get_watermark_offsets(partition, timeout=10)[1]
            time.sleep(0.2)
        pytest.fail(f"{partition} has no leader")


@pytest.fixture
def event_log(kafka_bootstrap: str) -> Iterator[EventLog]:
    made = EventLog(kafka_bootstrap)
    yield made
    made.close()
