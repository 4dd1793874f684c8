"""Messages to the event log: keyed, typed, and known to be delivered when `flush` returns.

librdkafka hashes keys with CRC32 unless told otherwise while Java and aiokafka use murmur2: joined topics line up only
because every producer here says `murmur2_random`.
"""

import threading
from collections.abc import Mapping
from typing import Self

from confluent_kafka import KafkaError, Message, Producer

from vantage import metrics
from vantage.contracts import Message as Contract
from vantage.contracts import encode
from vantage.errors import BrokerUnavailable, PublishFailed
from vantage.settings import ServiceSettings
from vantage.topics import TOPICS, Topic

Headers = list[tuple[str, str | bytes | None]]

DELIVERY_TIMEOUT_MS = 30_000
_RETRIABLE = {KafkaError._MSG_TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT}  # noqa: SLF001


class Publisher:
    """One producer of a service. Safe to use from several threads; its queue is bounded and waits when it is full."""

    def __init__(self, bootstrap: str, service: str, cell_id: str) -> None:
        self._bootstrap = bootstrap
        self._source = f"/cells/{cell_id}/{service}"
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": f"vantage-{service}",
                "partitioner": "murmur2_random",
                "compression.type": "zstd",
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
                "queue.buffering.max.messages": 100_000,
                "queue.buffering.max.kbytes": 262_144,
                "log_level": 3,
            }
        )

    @classmethod
    def from_settings(cls, settings: ServiceSettings, service: str) -> Self:
        """A publisher for a service of the settings' cell."""
        return cls(settings.kafka_bootstrap, service, settings.cell_id)

    def publish(
        self, topic: str, message: Contract, *, key: str | None = None, trace: str = "", headers: Mapping[str, str] = {}
    ) -> None:
        """Queue a message under its topic's key (`key` overrides it). Call `flush` to know that it is delivered."""
        kind = TOPICS[topic]
        key = str(getattr(message, kind.key)) if key is None else key
        all_headers = message_headers(kind, message, self._source, trace, headers)
        self.publish_raw(topic, key.encode(), encode(message), all_headers)

    def publish_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Queue bytes as they are; waits while the queue is full."""
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers, on_delivery=self._delivered)
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self, timeout: float = DELIVERY_TIMEOUT_MS / 1000 + 5) -> None:
        """Wait until all that was queued is delivered.

        Raises BrokerUnavailable where the broker cannot take it now, PublishFailed where it never will.
        """
        left = self._producer.flush(timeout)
        with self._lock:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if left:
            msg = (
                f"{left} messages are not delivered to {self._bootstrap} after {timeout:.0f} s; is Kafka running there?"
            )
            raise BrokerUnavailable(msg)

    def _delivered(self, error: KafkaError | None, record: Message) -> None:
        if error is None:
            metrics.PUBLISHED.labels(record.topic()).inc()
            return
        with self._lock:
            self._failure = _failure(error, str(record.topic()), self._bootstrap)


def message_headers(
    topic: Topic, message: Contract, source: str, trace: str = "", more: Mapping[str, str] = {}
) -> Headers:
    """The headers of a message: its schema, its `traceparent`, and on low-rate topics the CloudEvents attributes.

    `source` is `/cells/<cell>/<service>`. Public for a writer that needs a producer of its own kind.
    """
    headers = {"schema": topic.name, "schema-version": str(topic.version), **more}
    if trace:
        headers["traceparent"] = trace
    if topic.rate == "low":
        headers |= _cloud_event(topic, message, source)
    return [(name, value.encode()) for name, value in headers.items()]


def _cloud_event(topic: Topic, message: Contract, source: str) -> dict[str, str]:
    """The CloudEvents attributes in Kafka's binary mode; the id is the message's own where it has one."""
    identity = next(
        (str(getattr(message, name)) for name in message.__struct_fields__ if name.endswith("_id")), topic.name
    )
    return {
        "ce_specversion": "1.0",
        "ce_id": identity,
        "ce_source": source,
        "ce_type": f"vantage.{topic.name}",
        "content-type": "application/json",
    }


def _failure(error: KafkaError, topic: str, bootstrap: str) -> Exception:
    if error.code() in _RETRIABLE or error.retriable():
        return BrokerUnavailable(f"{topic} cannot be written at {bootstrap}: {error.str()}; is Kafka running there?")
    hint = "run `vantage topics apply`" if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART else "see the broker's log"
    return PublishFailed(f"the broker at {bootstrap} refused a message for {topic}: {error.str()}; {hint}")
