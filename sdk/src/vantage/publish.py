"""Messages to the event log: keyed, typed, and known to be delivered when `flush` returns.

librdkafka hashes keys with CRC32 unless told otherwise while Java and aiokafka use murmur2: joined topics line up only
because every producer here says `murmur2_random`.
"""

import threading
import time
from collections.abc import Mapping
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Producer

from vantage.contracts import Message as Contract
from vantage.contracts import encode
from vantage.errors import BrokerUnavailable, MessageRefused, PublishFailed, VantageError
from vantage.ids import derive
from vantage.kafka import client_settings
from vantage.receipts import Receipts
from vantage.settings import ProcessSettings
from vantage.topics import TOPICS, Topic

Headers = list[tuple[str, str | bytes | None]]

DELIVERY_TIMEOUT_S = 30.0
_SLICE_S = 0.02  # how late a flush may notice that another thread served its last callback
_RETRIABLE = {KafkaError._MSG_TIMED_OUT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT}  # noqa: SLF001
_NO_TOPIC = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}  # noqa: SLF001
_OWN_FAULT = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_MSG_SIZE, 87}  # INVALID_RECORD


class Publisher:
    """One producer of a service, safe to use from several threads; its queue is bounded and waits when it is full.

    `flush` answers for the messages that the *calling thread* has published: publish and flush in one thread.
    """

    def __init__(
        self, bootstrap: str, service: str, cell_id: str, *, delivery_timeout_s: float = DELIVERY_TIMEOUT_S
    ) -> None:
        self._bootstrap = bootstrap
        self._source = f"/cells/{cell_id}/{service}"
        self._delivery_timeout_s = delivery_timeout_s
        self._trouble, self._trouble_at = "", 0.0
        self._threads = threading.local()
        self._producer = Producer(
            {
                **client_settings(bootstrap, service, self._remember),
                "partitioner": "murmur2_random",
                "compression.type": "zstd",
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "delivery.timeout.ms": round(delivery_timeout_s * 1000),
                # a topic that is not there is to be told from a broker that is not: before the messages time out
                "topic.metadata.propagation.max.ms": round(delivery_timeout_s * 1000 / 3),
                "queue.buffering.max.messages": 100_000,
                "queue.buffering.max.kbytes": 262_144,
            }
        )

    @classmethod
    def from_settings(cls, settings: ProcessSettings, service: str) -> Self:
        """A publisher for a service of the settings' cell."""
        return cls(settings.kafka_bootstrap, service, settings.cell_id)

    def publish(
        self, topic: str, message: Contract, *, key: str | None = None, trace: str = "", headers: Mapping[str, str] = {}
    ) -> None:
        """Queue a message under its topic's key (`key` overrides it). Call `flush` to know that it is delivered.

        Raises MessageRefused where it is too large.
        """
        kind = TOPICS[topic]
        key = str(getattr(message, kind.key)) if key is None else key
        all_headers = message_headers(kind, message, self._source, trace, headers)
        self.publish_raw(topic, key.encode(), encode(message), all_headers)

    def publish_raw(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Queue bytes as they are; waits while the queue is full, which an outage ends by the delivery time-out."""
        receipts = self._receipts()
        receipts.expect()
        try:
            self._produce(topic, key, value, headers, receipts)
        except BaseException:
            receipts.withdraw()
            raise
        self._producer.poll(0)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until all that this thread published is delivered: at most `timeout` seconds, else until each message
        is delivered or has timed out.

        Raises BrokerUnavailable where the broker cannot take it now, PublishFailed where it never will. After either
        the messages are the caller's again: publish them anew or give them up.
        """
        timeout = self._delivery_timeout_s + 5 if timeout is None else timeout
        receipts, end = self._receipts(), time.monotonic() + timeout
        while receipts.outstanding and (left := end - time.monotonic()) > 0:
            self._producer.flush(min(left, _SLICE_S))  # unlike poll it does not wait for the linger time
        failure = receipts.take_failure()
        if failure is None and receipts.outstanding:
            failure = BrokerUnavailable(
                f"{receipts.outstanding} messages are not delivered to {self._bootstrap} after {timeout:.1f} s"
                f"{self._reason()}; is Kafka running there?"
            )
        if failure is not None:
            del self._threads.receipts  # what comes of the rest later is no longer of interest to this thread
            raise failure

    def close(self, timeout: float = 5.0) -> None:
        """Give what any thread still has on its way a last chance. Raises BrokerUnavailable where that was in vain."""
        if left := self._producer.flush(timeout):
            msg = f"{left} messages were not delivered to {self._bootstrap} before the end{self._reason()}"
            raise BrokerUnavailable(msg)

    def _produce(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, receipts: Receipts
    ) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers, on_delivery=receipts.arrived)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise self._explain(error.args[0], topic) from error
            else:
                return

    def _receipts(self) -> Receipts:
        found: Receipts | None = getattr(self._threads, "receipts", None)
        if found is None:
            found = self._threads.receipts = Receipts(self._explain)
        return found

    def _explain(self, error: KafkaError, topic: str) -> VantageError:
        reason = f"{error.str()}{self._reason()}"
        if error.code() in _OWN_FAULT:
            return MessageRefused(f"the message does not fit {topic}: {error.str()}; make it smaller or mend it")
        if error.code() in _NO_TOPIC:
            return BrokerUnavailable(f"there is no topic {topic} at {self._bootstrap}: run `vantage topics apply`")
        if error.code() in _RETRIABLE or error.retriable():
            return BrokerUnavailable(f"{topic} cannot be written at {self._bootstrap}: {reason}; is Kafka running?")
        said = error.str()
        return PublishFailed(
            f"the broker at {self._bootstrap} refused a message for {topic}: {said}; see the broker's log"
        )

    def _remember(self, error: KafkaError) -> None:
        self._trouble, self._trouble_at = error.str(), time.monotonic()

    def _reason(self) -> str:
        recent = self._trouble and time.monotonic() - self._trouble_at < self._delivery_timeout_s
        return f" ({self._trouble})" if recent else ""


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
    """The CloudEvents attributes in Kafka's binary mode."""
    return {
        "ce_specversion": "1.0",
        "ce_id": _identity(topic, message),
        "ce_source": source,
        "ce_type": f"vantage.{topic.name}",
        "content-type": "application/json",
    }


def _identity(topic: Topic, message: Contract) -> str:
    """An id that no other event of the source has, and that a replay has again: the message's own, or its content's.

    A contract begins with its id; where that is the topic's key, it names a thing that many messages are about.
    """
    first = message.__struct_fields__[0]
    return str(getattr(message, first)) if first != topic.key else derive("evt", topic.name, encode(message).decode())
