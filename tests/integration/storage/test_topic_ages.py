"""The age of a topic is that of its oldest message, as the broker has it."""

import time
from uuid import uuid4

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from vantage.topics import TOPICS
from vantage_storage.adapters.oldest_records import oldest_records
from vantage_storage.reach import capture_topics, fewest_days

DAY_MS = 86_400_000


def test_it_is_read_from_every_partition(kafka_bootstrap: str) -> None:
    names = [f"ages-{kind}-{uuid4().hex[:8]}" for kind in ("written", "empty")]
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    for future in admin.create_topics([NewTopic(name, 3, 1) for name in names], operation_timeout=15).values():
        future.result()
    now_ms = time.time_ns() // 1_000_000
    producer = Producer({"bootstrap.servers": kafka_bootstrap})
    for partition, age_days in ((0, 1), (0, 5), (2, 3)):
        producer.produce(names[0], b"x" * 20_000, partition=partition, timestamp=now_ms - age_days * DAY_MS)
        producer.flush(15)
    found = oldest_records(kafka_bootstrap, [*names, "not-there"])
    assert found == {names[0]: (now_ms - 3 * DAY_MS) * 1000}  # of each partition its first message
    for future in admin.delete_topics(names).values():
        future.result()


def test_the_period_of_the_scheme_is_longer_than_the_event_log_reaches() -> None:
    assert {name.removesuffix(".dlq") for name in capture_topics()} <= set(TOPICS)
    assert 14 < fewest_days() < 31
