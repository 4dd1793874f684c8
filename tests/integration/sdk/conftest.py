"""What the tests of the SDK on real Kafka share.

They speak over `audit.v1`, which no service consumes: what is undecodable here disturbs nobody. A consumer group begins
at the end of the topic, so that no test sees what another wrote.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka import Message as Record

from vantage.contracts import AuditRecord, encode
from vantage.health import Readiness
from vantage.publish import Publisher
from vantage.service import start_logging
from vantage.settings import ServiceSettings
from vantage.stream import Handler, LoopOptions, Outgoing, Received, StreamLoop

TOPIC = "audit.v1"
DEADLINE_S = 60.0
WORKER = Path(__file__).with_name("worker.py")


Until = Callable[[Callable[[], Any], str], None]


@pytest.fixture
def until() -> Until:
    """Wait for a condition, and fail by its name."""

    def wait(condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"not within {DEADLINE_S:.0f} s: {what}")
            time.sleep(0.05)

    return wait


@dataclass
class Log:
    """The topic as a test writes and reads it, past the SDK."""

    bootstrap: str
    actor: str = field(default_factory=lambda: f"actor-{uuid4().hex[:12]}")

    def decisions(self, count: int) -> list[AuditRecord]:
        """Messages which the handlers here act on, numbered by `at`."""
        return [
            AuditRecord(
                record_id=f"{self.actor}-{number}",
                at=number,
                actor=self.actor,
                kind="decision",
                action="test",
                resource="x",
            )
            for number in range(count)
        ]

    def group(self, topic: str = TOPIC) -> str:
        """A consumer group that begins at the topic's present end."""
        group = f"sdk-{uuid4().hex[:12]}"
        consumer = self._consumer(group)
        ends = [TopicPartition(topic, number, end) for number, end in self.ends(topic).items()]
        consumer.commit(offsets=ends, asynchronous=False)
        consumer.close()
        return group

    def ends(self, topic: str = TOPIC) -> dict[int, int]:
        """The end of each partition."""
        consumer = self._consumer()
        try:
            numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            return {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
                for number in numbers
            }
        finally:
            consumer.close()

    def committed(self, group: str, topic: str = TOPIC) -> dict[int, int]:
        """Where the group has committed."""
        consumer = self._consumer(group)
        try:
            parts = consumer.committed([TopicPartition(topic, number) for number in self.ends(topic)], timeout=10)
            return {part.partition: part.offset for part in parts}
        finally:
            consumer.close()

    def write(self, *items: AuditRecord | bytes, spread: bool = False, **headers: bytes) -> None:
        """Write records, or bytes that are none, under the actor as key, or over all partitions."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": "murmur2_random", "log_level": 0})
        for number, item in enumerate(items):
            value = item if isinstance(item, bytes) else encode(item)
            partition = number % 4 if spread else -1
            producer.produce(TOPIC, value, self.actor, partition, headers=list(headers.items()))
        assert producer.flush(30) == 0

    def read(self, topic: str, since: Mapping[int, int]) -> list[Record]:
        """All that the topic holds now, from these offsets on."""
        ends, found = self.ends(topic), []
        left = {number for number, end in ends.items() if end > since.get(number, 0)}
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, number, since.get(number, 0)) for number in left])
            while left:
                for one in consumer.consume(1000, timeout=0.2):
                    assert one.error() is None, one.error()
                    found.append(one)
                    if (one.offset() or 0) + 1 >= ends[one.partition() or 0]:
                        left.discard(one.partition() or 0)
        finally:
            consumer.close()
        return found

    def member(self, group: str, name: str) -> Consumer:
        """A static member of a group as the SDK makes one, for a test to do with what the SDK would not."""
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group,
                "group.instance.id": name,
                "session.timeout.ms": 6000,
                "partition.assignment.strategy": "cooperative-sticky",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )

    def _consumer(self, group: str = "sdk-tests") -> Consumer:
        return Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False, "log_level": 0}
        )


@dataclass
class Loop:
    """A StreamLoop in a thread of the test."""

    group: str
    stop: threading.Event
    readiness: Readiness
    publisher: Publisher
    thread: threading.Thread
    errors: list[BaseException]

    def join(self, deadline_s: float = DEADLINE_S) -> None:
        """Wait for its end, and raise what it raised."""
        self.thread.join(deadline_s)
        assert not self.thread.is_alive(), "the loop does not end"
        if self.errors:
            raise self.errors[0]

    def end(self) -> None:
        """Tell it to stop, and wait."""
        self.stop.set()
        self.join()


Start = Callable[..., Loop]


@pytest.fixture(autouse=True)
def _logging(capfd: pytest.CaptureFixture[str]) -> None:
    """As a service logs, to where a test can read it, librdkafka's own lines included."""
    start_logging("test")


@pytest.fixture
def log(kafka_bootstrap: str) -> Log:
    return Log(kafka_bootstrap)


def settings_for(bootstrap: str, replica: str = "one") -> ServiceSettings:
    """Settings whose session is as short as the broker allows."""
    return ServiceSettings(
        kafka_bootstrap=bootstrap,
        replica=replica,
        kafka_session_timeout_ms=6000,
        s3_endpoint="127.0.0.1:1",
        s3_access_key="unused",
        s3_secret_key="unused",
    )


@pytest.fixture
def settings(kafka_bootstrap: str) -> Callable[..., ServiceSettings]:
    def make(bootstrap: str = kafka_bootstrap) -> ServiceSettings:
        return settings_for(bootstrap)

    return make


@pytest.fixture
def start(log: Log) -> Iterator[Start]:
    """Start loops that are stopped when the test ends."""
    loops: list[Loop] = []

    def make(
        handler: Handler[Any],
        group: str,
        *,
        replica: str = "one",
        bootstrap: str = log.bootstrap,
        topics: Sequence[str] = (TOPIC,),
        **options: Any,
    ) -> Loop:
        settings = settings_for(bootstrap, replica)
        publisher = Publisher(bootstrap, "test", settings.cell_id, delivery_timeout_s=5)
        stop, readiness, errors = threading.Event(), Readiness(), list[BaseException]()
        loop = StreamLoop(
            settings,
            "test",
            topics,
            handler,
            publisher,
            stop=stop,
            readiness=readiness,
            options=LoopOptions(**{"group": group, **options}),
        )

        def run() -> None:
            try:
                loop.run()
            except BaseException as error:  # noqa: BLE001  # the test looks at it
                errors.append(error)

        thread = threading.Thread(target=run, name=f"loop-{replica}")
        thread.start()
        loops.append(Loop(group, stop, readiness, publisher, thread, errors))
        return loops[-1]

    yield make
    for loop in loops:
        loop.stop.set()
    for loop in loops:
        loop.thread.join(30)


@dataclass
class Worker:
    """A worker process, and what it has done so far."""

    process: subprocess.Popen[bytes]
    folder: Path

    def effects(self) -> list[str]:
        """The record ids whose effect is on disk, in order, repeats included."""
        file = self.folder / "effects"
        return file.read_text().split() if file.exists() else []

    def output(self) -> str:
        """What it said on standard error."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def worker(log: Log, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Start worker processes that are killed when the test ends."""
    workers: list[Worker] = []

    def make(group: str, replica: str = "one", **behaviour: str) -> Worker:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VANTAGE_")},
            "VANTAGE_KAFKA_BOOTSTRAP": log.bootstrap,
            "VANTAGE_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "VANTAGE_REPLICA": replica,
            "VANTAGE_S3_ENDPOINT": "127.0.0.1:1",
            "VANTAGE_S3_ACCESS_KEY": "unused",
            "VANTAGE_S3_SECRET_KEY": "unused",
            "VANTAGE_WORKER_GROUP": group,
            "VANTAGE_WORKER_ACTOR": log.actor,
            "VANTAGE_WORKER_FOLDER": str(tmp_path),
            **{f"VANTAGE_WORKER_{name.upper()}": value for name, value in behaviour.items()},
        }
        with (tmp_path / "log").open("ab") as output:
            process = subprocess.Popen([sys.executable, str(WORKER)], env=environment, stderr=output)
        workers.append(Worker(process, tmp_path))
        return workers[-1]

    yield make
    for one in workers:
        if one.process.poll() is None:
            one.kill()


class Recorder(Handler[AuditRecord]):
    """Notes what it is given; a test says what it does with it by `act`, which may raise or wait."""

    def __init__(self, actor: str, act: Callable[[AuditRecord], None] = lambda _message: None) -> None:
        self._actor = actor
        self._act = act
        self.seen: list[int] = []
        self.calls: list[str] = []
        self.threads: set[str] = set()

    def handle(self, batch: Sequence[Received[AuditRecord]]) -> Sequence[Outgoing]:
        self.threads.add(threading.current_thread().name)
        for one in batch:
            if getattr(one.message, "actor", None) == self._actor:
                self._act(one.message)
                self.seen.append(one.message.at)
        return ()

    def assigned(self, topic: str, partitions: Sequence[int]) -> None:
        self.threads.add(threading.current_thread().name)
        self.calls += [f"assigned {number}" for number in partitions]

    def revoked(self, topic: str, partitions: Sequence[int]) -> Sequence[Outgoing]:
        self.threads.add(threading.current_thread().name)
        self.calls += [f"revoked {number}" for number in partitions]
        return ()


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


class TcpProxy:
    """A broker's address that can be cut and joined again.

    It rewrites the broker's port in what comes back, so that the client never learns of a way around it.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(self._listener.getsockname()[1])
        self._listener.close()  # the port is this proxy's, but nobody answers there yet
        self._open: set[socket.socket] = set()
        self._up = False

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    def up(self) -> None:
        """Answer from now on."""
        self._listener = socket.create_server(("127.0.0.1", self._port), reuse_port=False)
        self._up = True
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Cut every connection and refuse new ones."""
        self._up = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while self._up:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            self._open |= {client, server}
            for source, sink, rewrite in ((client, server, bytes), (server, client, self._rewritten)):
                threading.Thread(target=self._pump, args=(source, sink, rewrite), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, rewrite: Callable[[bytes], bytes]) -> None:
        with suppress(OSError), source.makefile("rb") as stream:
            while head := stream.read(4):
                frame = stream.read(int.from_bytes(head, "big"))
                sink.sendall(head + rewrite(frame))
        for connection in (source, sink):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            self._open.discard(connection)

    def _rewritten(self, frame: bytes) -> bytes:
        """Host and port stand side by side in the broker's answers, and the port is four bytes either way."""
        host = self._target[0].encode()
        return frame.replace(host + self._target[1].to_bytes(4, "big"), host + self._port.to_bytes(4, "big"))


@pytest.fixture
def proxy(kafka_bootstrap: str) -> Iterator[TcpProxy]:
    """A way to the broker that is closed until a test opens it."""
    made = TcpProxy(kafka_bootstrap)
    yield made
    if made._up:
        made.down()
