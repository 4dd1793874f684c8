"""When the oldest message of each topic was written, as the event log says it."""

from collections import deque
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from vantage.errors import BrokerUnavailable
from vantage.kafka import client_settings

_TIMEOUT_S = 10.0
_PARTITIONS = 64  # at a time: each is fetched from its beginning, for one message


def oldest_records(bootstrap: str, topics: Iterable[str]) -> dict[str, int]:
    """The earliest time (UTC microseconds) of a message of each topic that has any. Raises BrokerUnavailable."""
    settings = client_settings(bootstrap, "storage-ages", lambda _error: None) | {
        "group.id": "storage-ages",
        "enable.auto.commit": False,
        "fetch.message.max.bytes": 4096,
        "queued.max.messages.kbytes": 1024,
    }
    consumer = Consumer(settings)
    try:
        return _read(consumer, topics)
    except KafkaException as error:
        msg = f"the topics' ages cannot be read at {bootstrap}: {error.args[0].str()}; is Kafka running there?"
        raise BrokerUnavailable(msg) from error
    finally:
        consumer.close()


def _read(consumer: Consumer, topics: Iterable[str]) -> dict[str, int]:
    known = consumer.list_topics(timeout=_TIMEOUT_S).topics
    parts = deque(TopicPartition(name, n) for name in topics if name in known for n in known[name].partitions)
    found: dict[str, int] = {}
    while parts:
        group = [parts.popleft() for _ in range(min(_PARTITIONS, len(parts)))]
        for message in _first_of_each(consumer, group):
            name, written_us = str(message.topic()), message.timestamp()[1] * 1000
            found[name] = min(found.get(name, written_us), written_us)
    return found


def _first_of_each(consumer: Consumer, group: Iterable[TopicPartition]) -> list[Message]:
    """The first message of each partition that has one."""
    wanted: dict[tuple[str, int], TopicPartition] = {}
    for part in group:
        low, high = consumer.get_watermark_offsets(part, timeout=_TIMEOUT_S)
        if low < high:
            wanted[part.topic, part.partition] = TopicPartition(part.topic, part.partition, OFFSET_BEGINNING)
    consumer.assign(list(wanted.values()))
    found = []
    while wanted:
        message = consumer.poll(_TIMEOUT_S)
        if message is None:  # compacted or deleted away since its ends were asked for
            break
        if error := message.error():
            raise KafkaException(error)
        if (place := (str(message.topic()), message.partition() or 0)) in wanted:
            consumer.pause([wanted.pop(place)])
            found.append(message)
    return found
