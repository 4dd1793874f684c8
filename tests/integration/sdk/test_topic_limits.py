"""A topic forgets what is older than it says: on a real broker, which deletes whole segments alone."""

import time
from collections.abc import Callable, Mapping
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from vantage.topic_limits import shorten
from vantage.topics import TOPICS, apply, wanted

DAY_MS = 86_400_000
Until = Callable[[Callable[[], object], str], None]


class Topics:
    """Topics of a test's own."""

    def __init__(self, bootstrap: str) -> None:
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self._bootstrap = bootstrap

    def make(self, config: Mapping[str, str]) -> str:
        name = f"limits-{uuid4().hex[:12]}"
        (future,) = self.admin.create_topics([NewTopic(name, 1, 1, config=dict(config))], operation_timeout=15).values()
        future.result()
        return name

    def write(self, topic: str, *ages_ms: int) -> None:
        """A message of each age, one after the other."""
        now_ms = time.time_ns() // 1_000_000
        producer = Producer({"bootstrap.servers": self._bootstrap, "linger.ms": 0})
        for age in ages_ms:
            producer.produce(topic, b"x", timestamp=now_ms - age)
            producer.flush(15)

    def begins_at(self, topic: str) -> int:
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": "limits"})
        low, _ = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=15)
        consumer.close()
        return int(low)

    def limits(self, topic: str) -> dict[str, str | None]:
        (future,) = self.admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
        found = future.result()
        return {name: found[name].value for name in ("retention.ms", "segment.ms")}

    def drop(self, *names: str) -> None:
        for future in self.admin.delete_topics(list(names)).values():
            future.result()


@pytest.fixture
def topics(kafka_bootstrap: str) -> Topics:
    return Topics(kafka_bootstrap)


def test_what_is_past_its_time_goes_although_the_topic_is_written_to(topics: Topics, until: Until) -> None:
    config = TOPICS["recordings.v1"].config()
    ours = topics.make(config)
    careless = topics.make({name: value for name, value in config.items() if name != "segment.ms"})
    for topic in (ours, careless):
        topics.write(topic, 8 * DAY_MS, 2 * DAY_MS, 0)
    until(lambda: topics.begins_at(ours) == 1, "the message of eight days ago is deleted")
    assert topics.begins_at(careless) == 0  # without segment.ms it stays while the topic is written to
    topics.drop(ours, careless)


def test_every_topic_with_a_limit_rolls_its_segments_within_a_day() -> None:
    for name, (_, config) in wanted(1).items():
        if "retention.ms" in config:
            assert 600_000 <= int(config["segment.ms"]) <= DAY_MS, name


def test_a_topic_that_keeps_longer_is_shortened_and_one_that_keeps_less_is_left_alone(topics: Topics) -> None:
    longer = topics.make({"retention.ms": str(30 * DAY_MS)})
    endless = topics.make({"retention.ms": "-1", "segment.ms": "1000"})
    shorter = topics.make({"retention.ms": "5000", "segment.ms": "1000"})
    limits = {"retention.ms": str(7 * DAY_MS), "segment.ms": str(DAY_MS), "cleanup.policy": "delete"}
    names = (longer, endless, shorter)
    assert shorten(topics.admin, dict.fromkeys(names, limits)) == sorted([longer, endless])
    assert topics.limits(longer) == {"retention.ms": str(7 * DAY_MS), "segment.ms": str(DAY_MS)}
    assert topics.limits(endless) == {"retention.ms": str(7 * DAY_MS), "segment.ms": "1000"}
    assert topics.limits(shorter) == {"retention.ms": "5000", "segment.ms": "1000"}
    topics.drop(*names)


def test_apply_shortens_the_topics_of_the_cell(topics: Topics, kafka_bootstrap: str) -> None:
    config = TOPICS["findings.v1"].config()
    entry = ConfigEntry("retention.ms", str(90 * DAY_MS), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, "findings.v1.dlq", incremental_configs=[entry])
    for future in topics.admin.incremental_alter_configs([resource]).values():
        future.result()
    assert apply(kafka_bootstrap, 4) == []
    letters = TOPICS["dlq"].config()
    assert topics.limits("findings.v1.dlq") == {name: letters[name] for name in ("retention.ms", "segment.ms")}
    assert topics.limits("findings.v1") == {name: config[name] for name in ("retention.ms", "segment.ms")}
