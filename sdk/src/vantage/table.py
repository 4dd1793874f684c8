"""A compacted topic as a table in memory: the last message of each key, read from the start without a group."""

import threading
from collections.abc import Callable
from typing import Generic, Self, TypeVar, cast

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.contracts import Message, Undecodable, decode
from vantage.errors import BrokerUnavailable
from vantage.settings import ServiceSettings

_log = structlog.get_logger()
T = TypeVar("T", bound=Message)
Change = Callable[[str, T | None], None]


class Table(Generic[T]):
    """Follows one compacted topic in a thread of its own. A tombstone removes its key; what cannot be read is skipped
    with a line in the log, and the last good value stays.
    """

    def __init__(self, settings: ServiceSettings, topic: str, kind: type[T]) -> None:
        self._settings = settings
        self._topic = topic
        self._kind = kind
        self._rows: dict[str, T] = {}
        self._lock = threading.Lock()
        self._listeners: list[Change[T]] = []
        self._left: dict[int, int] = {}
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
            msg = f"{self._topic} was not read within {timeout:.0f} s from {self._settings.kafka_bootstrap}"
            raise BrokerUnavailable(msg)

    @property
    def is_ready(self) -> bool:
        """Whether all that was there at the start is read."""
        return self._ready.is_set()

    def get(self, key: str) -> T | None:
        """The last message of the key."""
        with self._lock:
            return self._rows.get(key)

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
                "bootstrap.servers": self._settings.kafka_bootstrap,
                "group.id": f"vantage-table-{self._topic}",  # asked for by the client; nothing is joined or committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
                "log_level": 0,  # the client says many times a second that a broker is away; `error_cb` says it once
                "error_cb": self._say_error,
            }
        )
        try:
            self._assign(consumer)
            while not self._stop.is_set():
                for record in consumer.consume(500, timeout=0.1):
                    self._take(record)
        finally:
            consumer.close()

    def _assign(self, consumer: Consumer) -> None:
        while not self._stop.is_set():
            try:
                numbers = consumer.list_topics(self._topic, timeout=5).topics[self._topic].partitions
                for number in numbers:
                    low, high = consumer.get_watermark_offsets(TopicPartition(self._topic, number), timeout=5)
                    if high > low:
                        self._left[number] = high
            except (KafkaException, TypeError) as error:
                _log.warning("waiting to read a table", topic=self._topic, error=str(error))
                self._left.clear()
                self._stop.wait(1)
                continue
            if not numbers:
                self._stop.wait(1)
                continue
            consumer.assign([TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in numbers])
            self._check_ready()
            return

    def _take(self, record: Record) -> None:
        if record.error() is not None:
            _log.warning("a table's topic cannot be read", topic=self._topic, error=str(record.error()))
            return
        self._apply((record.key() or b"").decode(errors="replace"), record)
        number, offset = record.partition() or 0, record.offset() or 0
        if offset + 1 >= self._left.get(number, 0):
            self._left.pop(number, None)
        self._check_ready()

    def _say_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001
            _log.warning("a table waits for its topic", topic=self._topic, kafka=self._settings.kafka_bootstrap)

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
            listener(key, row)

    def _check_ready(self) -> None:
        if not self._left:
            self._ready.set()
