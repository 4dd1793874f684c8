"""A compacted topic as a table in memory: the last message of each key, read from the start without a group."""

import threading
from collections.abc import Callable
from typing import Generic, Self, TypeVar, cast

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.contracts import Message, Undecodable, decode
from vantage.contracts.registry import CONTRACTS
from vantage.errors import BrokerUnavailable
from vantage.kafka import client_settings, is_outage, is_partition_end
from vantage.settings import ServiceSettings

_log = structlog.get_logger()
_ASK_TIMEOUT_S = 3.0
_ASK_AGAIN_S = 2.0
T = TypeVar("T", bound=Message)
Change = Callable[[str, T | None], None]


class Table(Generic[T]):
    """Follows one compacted topic in a thread of its own. A tombstone removes its key; what cannot be read is skipped
    with a line in the log, and the last good value stays. A topic's partitions are those it has at the start.
    """

    def __init__(self, settings: ServiceSettings, topic: str, kind: type[T]) -> None:
        if CONTRACTS.get(topic) is not kind:
            msg = f"{topic} does not hold {kind.__name__}: see vantage.contracts.registry"
            raise TypeError(msg)
        self._bootstrap = settings.kafka_bootstrap
        self._topic = topic
        self._rows: dict[str, T] = {}
        self._next: dict[int, int] = {}
        self._lock = threading.Lock()
        self._listeners: list[Change[T]] = []
        self._unread: set[int] = set()
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"table-{topic}", daemon=True)

    def start(self) -> Self:
        """Begin to read; add listeners before."""
        self._thread.start()
        return self

    def wait_ready(self, timeout: float) -> None:
        """Wait until all that was there at the start is read. Raises BrokerUnavailable after `timeout` seconds."""
        if not self._ready.wait(timeout):
            msg = f"{self._topic} was not read within {timeout:.0f} s from {self._bootstrap}"
            raise BrokerUnavailable(msg)

    @property
    def is_ready(self) -> bool:
        """Whether all that was there at the start is read."""
        return self._ready.is_set()

    def get(self, key: str) -> T | None:
        """The last message of the key."""
        with self._lock:
            return self._rows.get(key)

    def has_read(self, partition: int, offset: int) -> bool:
        """Whether the record that stands there, or stood there, is in the rows: for one who follows the topic too."""
        with self._lock:
            return self._next.get(partition, 0) > offset

    def items(self) -> dict[str, T]:
        """A copy of all rows, by key."""
        with self._lock:
            return dict(self._rows)

    def on_change(self, listener: Change[T]) -> None:
        """Call back with key and message (None: removed) for each record, in the table's thread."""
        self._listeners.append(listener)

    def stop(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        consumer = Consumer(
            {
                **client_settings(self._bootstrap, f"table-{self._topic}", self._heard),
                "group.id": f"vantage-table-{self._topic}",  # asked for by the client; nothing is joined or committed
                "enable.auto.commit": False,
                "enable.partition.eof": True,  # the only end that compaction cannot move
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
            }
        )
        try:
            self._assign(consumer)
            while not self._stop.is_set():
                self._turn(consumer)
        finally:
            consumer.close()

    def _assign(self, consumer: Consumer) -> None:
        """Begin at the beginning of each partition, as soon as the topic is there; a line a try until then."""
        while not self._stop.is_set():
            try:
                numbers = list(consumer.list_topics(self._topic, timeout=_ASK_TIMEOUT_S).topics[self._topic].partitions)
                reason = f"there is no such topic at {self._bootstrap}: run `vantage topics apply`"
            except KafkaException as error:
                numbers, reason = [], f"Kafka at {self._bootstrap} does not answer: {error.args[0].str()}"
            if numbers:
                self._unread = set(numbers)
                consumer.assign([TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in numbers])
                return
            _log.warning("waiting to read a table", topic=self._topic, reason=reason)
            self._stop.wait(_ASK_AGAIN_S)

    def _turn(self, consumer: Consumer) -> None:
        """Take the first record as soon as there is one, then all that have come with it."""
        first = consumer.poll(0.1)
        if first is not None:
            for record in [first, *consumer.consume(500, timeout=0)]:
                self._take(record)

    def _take(self, record: Record) -> None:
        error = record.error()
        if error is None:
            self._apply((record.key() or b"").decode(errors="replace"), record)
            with self._lock:
                self._next[record.partition() or 0] = (record.offset() or 0) + 1
        elif is_partition_end(error):
            self._unread.discard(record.partition() or 0)
            if not self._unread:
                self._ready.set()
        else:
            _log.warning("a table's topic cannot be read", topic=self._topic, reason=error.str())

    def _heard(self, error: KafkaError) -> None:
        if is_outage(error) and self._ready.is_set():
            _log.warning("a table stands still", topic=self._topic, kafka=self._bootstrap, reason=error.str())

    def _apply(self, key: str, record: Record) -> None:
        value = record.value()
        try:
            row = None if value is None else cast("T", decode(self._topic, value))
        except Undecodable as error:
            metrics.SKIPPED_RECORDS.labels(self._topic).inc()
            _log.error("a record of a table is skipped, its last good value stays", key=key, error=str(error))
            return
        with self._lock:
            if row is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = row
        for listener in self._listeners:
            try:
                listener(key, row)
            except Exception:  # noqa: BLE001  # the next record must not wait for a mistake in a listener
                _log.exception("a listener of a table failed; the table goes on", topic=self._topic, key=key)
