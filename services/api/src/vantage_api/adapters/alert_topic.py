"""`alerts.v1` from its end into the hub, and any part of it once more for who comes back after long."""

from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage.errors import BrokerUnavailable
from vantage_api.adapters.alert_wire import PARTITION, TOPIC, to_events
from vantage_api.adapters.follower import Follower, bounds_of, is_end, kafka_consumer
from vantage_api.domain.duplicates import Duplicates
from vantage_api.domain.tail import Event
from vantage_api.hub import AlertHub

_LOOK_BACK = 256
"""Records read before the part that is wanted, only to know a copy of one of them when it comes."""
_POLL_S = 0.2
_IDLE_POLLS = 25


class AlertFollower:
    """Fills the hub: first the tail of what is there, then each change as it comes."""

    def __init__(self, bootstrap: str, hub: AlertHub, tail: int) -> None:
        self._hub = hub
        self._tail = tail
        self._seen = Duplicates()
        self._ready_at = 0
        self._follower = Follower(bootstrap, TOPIC, self._begin, self._take, self._reach)
        self.thread = self._follower.thread
        self.start, self.stop = self._follower.start, self._follower.stop

    def _begin(self, consumer: Consumer, _partitions: Sequence[int]) -> list[TopicPartition]:
        low, high = bounds_of(consumer, TOPIC, PARTITION)
        first = max(low, high - self._tail)
        self._hub.begin(first, ready_at=high)
        return [TopicPartition(TOPIC, PARTITION, first)]

    def _take(self, records: Sequence[Record]) -> None:
        upto = (records[-1].offset() or 0) + 1
        self._hub.deliver(to_events(records, self._seen), upto)

    def _reach(self, offset: int) -> None:
        """The desk writes in transactions: what stands last is the end of one, and no event."""
        self._hub.deliver([], offset)


class KafkaAlertArchive:
    """All of `alerts.v1` that is kept."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def bounds(self) -> tuple[int, int]:
        """The first offset that is still there, and the offset that the next event will have."""
        consumer = kafka_consumer(self._bootstrap, "bounds")
        try:
            return bounds_of(consumer, TOPIC, PARTITION)
        except KafkaException as error:
            msg = f"{TOPIC} cannot be read at {self._bootstrap}: {error.args[0].str()}; is Kafka running there?"
            raise BrokerUnavailable(msg) from error
        finally:
            consumer.close()

    def open(self, offset: int) -> "KafkaAlertReader":
        """A reader from an offset on."""
        return KafkaAlertReader(self._bootstrap, offset)


class KafkaAlertReader:
    """Reads once, from an offset on."""

    def __init__(self, bootstrap: str, offset: int) -> None:
        self._bootstrap = bootstrap
        self._wanted = offset
        self._seen = Duplicates()
        self._consumer = kafka_consumer(bootstrap, "resume")
        self._consumer.assign([TopicPartition(TOPIC, PARTITION, max(0, offset - _LOOK_BACK))])

    def read(self, stop: int, most: int) -> tuple[list[Event], int]:
        """The next events before the offset `stop`, copies left out, and the offset to go on from.

        Raises BrokerUnavailable where nothing comes for some seconds.
        """
        for _ in range(_IDLE_POLLS):
            if (first := self._consumer.poll(_POLL_S)) is not None:
                break
        else:
            msg = f"{TOPIC} gives nothing from offset {self._wanted} at {self._bootstrap}; is Kafka running there?"
            raise BrokerUnavailable(msg)
        found = [first, *self._consumer.consume(most, timeout=0)]
        records = [one for one in found if one.error() is None]
        wanted = [event for event in to_events(_before(records, stop), self._seen) if event.offset >= self._wanted]
        if records and (records[0].offset() or 0) > self._wanted:
            msg = f"{TOPIC} has forgotten offset {self._wanted}: it was too long ago"
            raise BrokerUnavailable(msg)
        if records:
            self._wanted = max(self._wanted, min(stop, (records[-1].offset() or 0) + 1))
        for end in filter(is_end, found):
            self._wanted = max(self._wanted, min(stop, end.offset() or 0))
        return wanted, self._wanted

    def close(self) -> None:
        """Give the reader back."""
        self._consumer.close()


def _before(records: Sequence[Record], stop: int) -> list[Record]:
    return [record for record in records if (record.offset() or 0) < stop]
