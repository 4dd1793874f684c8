"""Messages to the event log: where they are placed, what they carry, and who hears that one was not delivered."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]

from vantage import topics
from vantage.errors import BrokerUnavailable, MessageRefused
from vantage.publish import Publisher
from vantage.stream.dead_letters import original_headers

if TYPE_CHECKING:
    from tests.integration.sdk.conftest import Log

TOPIC = "audit.v1"


@pytest.fixture
def publisher(kafka_bootstrap: str) -> Publisher:
    return Publisher(kafka_bootstrap, "test", "t1")


def test_keys_are_placed_as_java_and_aiokafka_place_them(log: Log, publisher: Publisher) -> None:
    since, partitions = log.ends(), sorted(log.ends())
    keys = [f"{log.actor}-{number}" for number in range(50)]
    for key in keys:
        publisher.publish(TOPIC, log.decisions(1)[0], key=key)
    publisher.flush()

    placed = {(one.key() or b"").decode(): one.partition() for one in log.read(TOPIC, since)}
    expected = {key: DefaultPartitioner()(key.encode(), partitions, partitions) for key in keys}
    assert placed == expected
    assert set(placed.values()) == set(partitions)


def test_a_message_carries_its_schema_its_trace_and_on_low_rate_topics_its_event(
    log: Log, publisher: Publisher
) -> None:
    since, message = log.ends(), log.decisions(1)[0]
    publisher.publish(TOPIC, message, trace="00-aa-bb-01", headers={"more": "yes"})
    publisher.flush()

    (record,) = log.read(TOPIC, since)
    assert dict(original_headers(record)) == {
        "schema": b"audit.v1",
        "schema-version": b"1",
        "more": b"yes",
        "traceparent": b"00-aa-bb-01",
        "ce_specversion": b"1.0",
        "ce_id": message.record_id.encode(),
        "ce_source": b"/cells/t1/test",
        "ce_type": b"vantage.audit.v1",
        "content-type": b"application/json",
    }
    assert record.key() == log.actor.encode()


class TestFailures:
    def test_a_message_that_is_too_large_is_told_from_an_outage(self, log: Log, publisher: Publisher) -> None:
        large = msgspec.structs.replace(log.decisions(1)[0], detail={"x": "y" * 2_000_000})
        with pytest.raises(MessageRefused, match="smaller"):
            publisher.publish(TOPIC, large)
        publisher.flush()

    def test_each_thread_hears_of_its_own_failure_and_of_no_other(self, log: Log) -> None:
        """The good thread flushes first, and would take the other's failure away."""
        publisher = Publisher(log.bootstrap, "test", "t1", delivery_timeout_s=3)
        published, flushed, heard = threading.Event(), threading.Event(), list[str]()

        def bad() -> None:
            publisher.publish_raw("no-such-topic.v1", b"key", b"value", [])
            published.set()
            flushed.wait(30)
            try:
                publisher.flush()
            except BrokerUnavailable as error:
                heard.append(str(error))

        thread = threading.Thread(target=bad)
        thread.start()
        assert published.wait(30)
        publisher.publish(TOPIC, log.decisions(1)[0])
        publisher.flush()
        publisher.close(30)
        flushed.set()
        thread.join(60)
        assert len(heard) == 1
        assert "no topic no-such-topic.v1" in heard[0]
        assert "vantage topics apply" in heard[0]

    def test_an_outage_is_told_once_and_within_the_time_that_is_given(self, log: Log) -> None:
        away = Publisher("127.0.0.1:1", "test", "t1", delivery_timeout_s=60)
        away.publish(TOPIC, log.decisions(1)[0])
        with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1 after 0\.3 s .*Connection refused"):
            away.flush(0.3)
        away.flush(0.3)
        with pytest.raises(BrokerUnavailable, match="before the end"):
            away.close(0.1)


class TestTopics:
    def test_a_second_apply_changes_nothing(self, kafka_bootstrap: str) -> None:
        assert topics.apply(kafka_bootstrap, 4) == []

    def test_a_broker_that_is_away_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(topics, "_ADMIN_TIMEOUT_S", 0.5)
        with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1"):
            topics.apply("127.0.0.1:1", 4)
