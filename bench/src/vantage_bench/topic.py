"""Reads a topic to its end and says when each message was written, for splitting a latency by hop."""

from collections.abc import Iterator

from confluent_kafka import Consumer, TopicPartition

from vantage.contracts import Message, decode

_IDLE_S = 2.0


def read_all(bootstrap: str, topic: str) -> Iterator[tuple[int, Message]]:
    """Each message of the topic with the time it was produced (UTC microseconds), until the present end."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-reader", "enable.auto.commit": False})
    try:
        ends = _assign(consumer, topic)
        while any(ends.values()):
            for record in consumer.consume(1000, timeout=_IDLE_S):
                error, partition = record.error(), record.partition()
                if error is not None or partition is None:
                    raise RuntimeError(str(error))
                ends[partition] -= 1
                yield record.timestamp()[1] * 1000, decode(topic, record.value() or b"")
    finally:
        consumer.close()


def _assign(consumer: Consumer, topic: str) -> dict[int, int]:
    """Assign every partition from its beginning; how many messages each is to give."""
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    left = {}
    for number in partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        left[number] = high - low
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    return left
