"""What went over the topics during a test, read afterwards from their beginnings: the truth that the test holds."""

from collections import Counter
from dataclasses import dataclass, field

from confluent_kafka import Consumer, TopicPartition

from vantage.contracts import (
    AlertEvent,
    Detections,
    Finding,
    Fragment,
    Message,
    Recording,
    decode,
)


@dataclass
class ThreadLog:
    """The messages of one thread, in the order of their partitions."""

    fragments: list[Fragment] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    detections: list[Detections] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    alerts: list[AlertEvent] = field(default_factory=list)
    dead_letters: dict[str, int] = field(default_factory=dict)

    def raised(self) -> Counter[str]:
        """How often each alert was raised."""
        return Counter(event.alert_id for event in self.alerts if event.change == "raised")

    def changes(self) -> Counter[tuple[str, int]]:
        """How often each change of each alert was written."""
        return Counter((event.alert_id, event.revision) for event in self.alerts)

    def opened(self) -> set[str]:
        """The alerts that the engine opened."""
        return {finding.alert_id for finding in self.findings if finding.state == "opened"}


def read(bootstrap: str) -> ThreadLog:
    """Everything that is on the topics now."""
    log = ThreadLog()
    for topic, into in {
        "fragments.v1": log.fragments,
        "recordings.v1": log.recordings,
        "detections.v1": log.detections,
        "findings.v1": log.findings,
        "alerts.v1": log.alerts,
    }.items():
        into.extend(_read(bootstrap, topic))  # type: ignore[attr-defined]
        log.dead_letters[topic] = _count(bootstrap, topic + ".dlq")
    return log


def _consumer(bootstrap: str) -> Consumer:
    return Consumer({"bootstrap.servers": bootstrap, "group.id": "thread-log", "enable.auto.commit": False})


def _ends(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    return {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10) for number in numbers}


def _count(bootstrap: str, topic: str) -> int:
    consumer = _consumer(bootstrap)
    try:
        return sum(high - low for low, high in _ends(consumer, topic).values())
    finally:
        consumer.close()


def _read(bootstrap: str, topic: str) -> list[Message]:
    consumer, found = _consumer(bootstrap), []
    try:
        ends = _ends(consumer, topic)
        left = {number for number, (low, high) in ends.items() if high > low}
        consumer.assign([TopicPartition(topic, number, ends[number][0]) for number in left])
        while left:
            for record in consumer.consume(1000, timeout=5):
                assert record.error() is None, record.error()
                found.append(decode(topic, record.value() or b""))
                if (record.offset() or 0) + 1 >= ends[record.partition() or 0][1]:
                    left.discard(record.partition() or 0)
    finally:
        consumer.close()
    return found
