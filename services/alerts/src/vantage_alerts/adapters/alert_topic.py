"""alerts.v1 for its one writer: transactions that fence the writer before, and what of the outbox it holds already."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from vantage import metrics
from vantage.contracts import AlertEvent, Undecodable, decode
from vantage.errors import BrokerUnavailable
from vantage.kafka import is_partition_end
from vantage.publish import message_headers
from vantage.topics import TOPICS
from vantage_alerts.domain.outbox import OutboxRow

TOPIC = "alerts.v1"
_TIMEOUT_S = 15.0
_TRANSACTION_TIMEOUT_MS = 10_000


class AlertTopic:
    """One writer's time in office. After any error it is over: what was in doubt is read back by the next."""

    def __init__(self, producer: Producer, bootstrap: str, source: str) -> None:
        self._producer = producer
        self._bootstrap = bootstrap
        self._source = source
        self._next_offset = 0

    @classmethod
    @contextmanager
    def take_over(cls, bootstrap: str, transactional_id: str, source: str) -> Iterator["AlertTopic"]:
        """Become the writer. What the one before had not committed is aborted, and it can commit nothing any more.

        Raises BrokerUnavailable, here and in the block.
        """
        with _broker_errors(bootstrap):
            producer = Producer(_writer(bootstrap, transactional_id))
            producer.init_transactions(_TIMEOUT_S)
            yield cls(producer, bootstrap, source)

    def published_since(self, offset: int) -> tuple[set[str], int]:
        """The ids of the events from an offset to the topic's end, and the offset there: nothing can come between them
        once this is the writer. An offset that the topic does not hold means all of it.
        """
        consumer = Consumer(_reader(self._bootstrap))
        found: set[str] = set()
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=_TIMEOUT_S) or (0, 0)
            offset = offset if low <= offset <= high else low
            consumer.assign([TopicPartition(TOPIC, 0, offset)])
            for record in _until_end(consumer):
                found.add(_event_id(record))
                offset = (record.offset() or 0) + 1
        finally:
            consumer.close()
        return found, offset

    def publish(self, rows: Sequence[OutboxRow]) -> int:
        """Publish rows in their order, all or none of them; the offset after them."""
        self._producer.begin_transaction()
        for row in rows:
            self._produce(row)
        self._producer.commit_transaction(_TIMEOUT_S)
        return self._next_offset

    def _produce(self, row: OutboxRow) -> None:
        headers = message_headers(TOPICS[TOPIC], decode(TOPIC, row.event), self._source, row.trace)
        self._producer.produce(
            TOPIC, row.event, row.alert_id.encode(), partition=0, headers=headers, on_delivery=self._delivered
        )

    def _delivered(self, error: KafkaError | None, record: Message) -> None:
        if error is None:  # otherwise the commit says so
            self._next_offset = (record.offset() or 0) + 1
            metrics.PUBLISHED.labels(TOPIC).inc()


@contextmanager
def _broker_errors(bootstrap: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        remedy = "another publisher of this cell took over" if _is_fenced(cause) else "is Kafka running there?"
        msg = f"{TOPIC} cannot be written at {bootstrap}: {cause.str()}; {remedy}"
        raise BrokerUnavailable(msg) from error


def _is_fenced(error: KafkaError) -> bool:
    return error.code() in {KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED}  # noqa: SLF001


def _writer(bootstrap: str, transactional_id: str) -> dict[str, str | int]:
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "vantage-desk",
        "transactional.id": transactional_id,
        "transaction.timeout.ms": _TRANSACTION_TIMEOUT_MS,
        "compression.type": "zstd",
        "linger.ms": 0,
        "log_level": 0,
    }


def _reader(bootstrap: str) -> dict[str, str | bool | int]:
    return {
        "bootstrap.servers": bootstrap,
        "group.id": "vantage-desk-reads-back",  # asked for by the client; nothing is joined or committed
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "log_level": 0,
    }


def _until_end(consumer: Consumer) -> Iterator[Message]:
    while True:
        record = consumer.poll(_TIMEOUT_S)
        if record is None:
            msg = f"{TOPIC} could not be read to its end within {_TIMEOUT_S:.0f} s"
            raise BrokerUnavailable(msg)
        error = record.error()
        if error is None:
            yield record
        elif is_partition_end(error):
            return
        elif not error.retriable():
            raise KafkaException(error)


def _event_id(record: Message) -> str:
    """The id that a record's event has; a record that is no event was written by none of ours."""
    try:
        return cast("AlertEvent", decode(TOPIC, record.value() or b"")).event_id
    except Undecodable:
        return ""
