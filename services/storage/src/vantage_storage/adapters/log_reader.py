"""Reads a piece of the event log from where somebody says, without a group: for who keeps a place, or has none."""

import time
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage.errors import BrokerUnavailable
from vantage.kafka import client_settings, is_partition_end

_TIMEOUT_S = 5.0  # a stop waits for no longer
_AT_ONCE = 1000
_BEGINNING = 0


class LogReader:
    """One consumer, made for one round of work. Every call may raise BrokerUnavailable. Used in one thread."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self._bootstrap = bootstrap
        self._consumer = Consumer(
            {
                **client_settings(bootstrap, name, lambda _error: None),
                "group.id": f"vantage-{name}",  # asked for by the client; nothing is joined or committed
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 16_384,
            }
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def partitions(self, topic: str) -> list[int]:
        """The topic's partitions."""
        try:
            found = self._consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
        except KafkaException as error:
            raise self._unavailable(topic, error.args[0].str()) from error
        if found.error is not None or not found.partitions:
            raise self._unavailable(topic, "there is no such topic: run `vantage topics apply`")
        return sorted(found.partitions)

    def at(self, topic: str, partitions: Sequence[int], moment_us: int) -> dict[int, int]:
        """Where each partition begins to be as new as that; those that end before it are left out."""
        asked = [TopicPartition(topic, number, moment_us // 1000) for number in partitions]
        try:
            found = self._consumer.offsets_for_times(asked, timeout=_TIMEOUT_S)
        except KafkaException as error:
            raise self._unavailable(topic, error.args[0].str()) from error
        return {part.partition: part.offset for part in found if part.offset >= 0}

    def read(self, topic: str, starts: Mapping[int, int], *, until_us: int | None = None) -> Iterator[Record]:
        """The records of these partitions, each from its offset to its present end, or to the first that was written
        after `until_us` (UTC microseconds). An offset that is gone reads from what is left.
        """
        unread = set(starts)
        self._consumer.assign([TopicPartition(topic, number, offset) for number, offset in starts.items()])
        heard_at = time.monotonic()
        while unread:
            records = self._consumer.consume(_AT_ONCE, timeout=0.2)
            if records:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > _TIMEOUT_S:
                raise self._unavailable(topic, f"nothing came for {_TIMEOUT_S:.0f} s")
            for record in records:
                if self._is_wanted(topic, record, unread, until_us):
                    yield record

    def _is_wanted(self, topic: str, record: Record, unread: set[int], until_us: int | None) -> bool:
        number = record.partition() or 0
        if (error := record.error()) is not None:
            if not is_partition_end(error):
                raise self._unavailable(topic, error.str())
            unread.discard(number)
            return False
        if until_us is not None and number in unread and record.timestamp()[1] * 1000 > until_us:
            unread.discard(number)
            self._consumer.pause([TopicPartition(topic, number)])
        return number in unread

    def _unavailable(self, topic: str, reason: str) -> BrokerUnavailable:
        return BrokerUnavailable(f"{topic} cannot be read from {self._bootstrap}: {reason}; is Kafka running there?")


def beginnings(partitions: Sequence[int], kept: Mapping[int, int]) -> dict[int, int]:
    """Where to read each partition on: its beginning where nothing of it is kept."""
    return dict.fromkeys(partitions, _BEGINNING) | dict(kept)
