"""Follows a topic in a thread of its own, without a group: every gateway reads everything, and commits nothing."""

import threading
from collections.abc import Callable, Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage.errors import BrokerUnavailable
from vantage.kafka import client_settings, is_partition_end

_log = structlog.get_logger()
_AT_ONCE = 1_000
_POLL_S = 0.1
_ASK_S = 3.0
_RETRY_S = 1.0

Start = Callable[[Consumer, Sequence[int]], Sequence[TopicPartition]]
"""From where each of the numbered partitions is to be read. May raise KafkaException: it is asked again."""
Take = Callable[[Sequence[Record]], None]
End = Callable[[int], None]
"""Told the offset at a partition's end each time that it is reached: nothing before it is still to come."""


def kafka_consumer(bootstrap: str, purpose: str) -> Consumer:
    """A consumer that is assigned by hand, and answers within a moment when a message comes."""
    return Consumer(
        {
            **client_settings(bootstrap, f"api-{purpose}", _heard),
            "group.id": f"vantage-api-{purpose}",  # asked for by the client; nothing is joined or committed
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,  # the last offsets may hold no message but a transaction's end
            "fetch.wait.max.ms": 100,
            "reconnect.backoff.max.ms": 1_000,  # whoever is signed in waits for it
        }
    )


def _heard(_error: KafkaError) -> None:
    """Nothing: what keeps a topic from being read comes with the records as well, and is said there."""


class Follower:
    """Gives each batch of records to `take`, in order, and each end to `end`; keeps on while the broker is away."""

    def __init__(self, bootstrap: str, topic: str, start: Start, take: Take, end: End = lambda _: None) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._start = start
        self._take = take
        self._end = end
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"api-{topic}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self.thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stop.set()
        if self.thread.is_alive():
            self.thread.join(5)

    def _run(self) -> None:
        consumer = kafka_consumer(self._bootstrap, self._topic)
        try:
            while not self._stop.is_set() and not self._assigned(consumer):
                self._stop.wait(_RETRY_S)
            while not self._stop.is_set():
                self._follow(consumer)
        finally:
            consumer.close()

    def _assigned(self, consumer: Consumer) -> bool:
        try:
            consumer.assign(list(self._start(consumer, partitions_of(consumer, self._topic))))
        except (KafkaException, BrokerUnavailable) as error:
            _log.warning("waiting to follow a topic", topic=self._topic, at=self._bootstrap, reason=str(error))
            return False
        return True

    def _follow(self, consumer: Consumer) -> None:
        # consume(n) would wait for all n: take the first as it comes, and with it what is there already
        first = consumer.poll(_POLL_S)
        if first is None:
            return
        records = [first, *consumer.consume(_AT_ONCE, timeout=0)]
        if good := [record for record in records if self._is_good(record)]:
            self._take(good)
        for record in records:
            if is_end(record):
                self._end(record.offset() or 0)

    def _is_good(self, record: Record) -> bool:
        error = record.error()
        if error is None:
            return True
        if not is_end(record):
            _log.warning("a followed topic cannot be read now", topic=self._topic, reason=error.str())
        return False


def is_end(record: Record) -> bool:
    """Whether it is no message but the end of its partition; its offset is the next message's."""
    error = record.error()
    return error is not None and is_partition_end(error)


def partitions_of(consumer: Consumer, topic: str) -> list[int]:
    """The numbers of a topic's partitions. Raises BrokerUnavailable where it is not there, KafkaException."""
    found = consumer.list_topics(topic, timeout=_ASK_S).topics[topic]
    if found.error is not None or not found.partitions:
        msg = f"{topic} is not there: run `vantage topics apply`"
        raise BrokerUnavailable(msg)
    return sorted(found.partitions)


def bounds_of(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """The first offset that is still there, and the one that the next message will have. Raises KafkaException."""
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_ASK_S)
    return int(low), int(high)
