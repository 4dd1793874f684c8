"""Reads a topic from its beginning to its present end: the truth that a test or a benchmark holds afterwards."""

from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from vantage.contracts import Message, decode
from vantage_stack.errors import PartFailed

_PATIENCE_S = 10.0


def read_topic(bootstrap: str, topic: str) -> Iterator[tuple[int, Message]]:
    """Each message of the topic with the time it was written (UTC microseconds), in order within each partition.

    What transactions took back is not given. Raises PartFailed where the broker stops answering.
    """
    consumer = _consumer(bootstrap)
    try:
        left = {number: end for number, (begin, end) in _bounds(consumer, topic).items() if end > begin}
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
        while left:
            yield from _next(consumer, topic, left)
    finally:
        consumer.close()


def count(bootstrap: str, topic: str) -> int:
    """How many offsets the topic holds now."""
    consumer = _consumer(bootstrap)
    try:
        return sum(end - begin for begin, end in _bounds(consumer, topic).values())
    finally:
        consumer.close()


def _next(consumer: Consumer, topic: str, left: dict[int, int]) -> Iterator[tuple[int, Message]]:
    records = consumer.consume(1000, timeout=0.2)
    for record in records:
        if (error := record.error()) is not None:
            msg = f"{topic} cannot be read: {error.str()}"
            raise PartFailed(msg)
        yield record.timestamp()[1] * 1000, decode(topic, record.value() or b"")
    for position in consumer.position([TopicPartition(topic, number) for number in left]):
        if position.offset >= left[position.partition]:
            del left[position.partition]


def _consumer(bootstrap: str) -> Consumer:
    return Consumer({"bootstrap.servers": bootstrap, "group.id": "topic-log", "enable.auto.commit": False})


def _bounds(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Begin and end of each partition."""
    numbers = consumer.list_topics(topic, timeout=_PATIENCE_S).topics[topic].partitions
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_PATIENCE_S) for number in numbers
    }
