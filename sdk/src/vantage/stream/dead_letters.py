"""Where messages go that can never be handled, and the limit that keeps a bad deployment from sending all there."""

from collections import deque
from collections.abc import Sequence

import structlog
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.clock import Clock
from vantage.contracts import DeadLetterHeaders
from vantage.errors import DeadLetterLimit
from vantage.publish import Headers, Publisher
from vantage.topics import dead_letter_topic

_log = structlog.get_logger()
_LONGEST_ERROR = 500


class DeadLetterBudget:
    """Counts failures among the last `window` messages. Pure: the loop asks before it sends one away."""

    def __init__(self, most: int = 10, share: float = 0.1, window: int = 1000) -> None:
        self._most = most
        self._share = share
        self._outcomes: deque[bool] = deque(maxlen=window)

    def record(self, count: int, failed: int) -> None:
        """A batch of so many messages is done, and so many of them failed."""
        self._outcomes.extend([False] * (count - failed))
        self._outcomes.extend([True] * failed)

    def check(self, count: int, failed: int, reason: str) -> None:
        """Ask whether so many messages of a batch of `count` may be dead-lettered.

        Raises DeadLetterLimit when, with this batch, more than `most` and more than `share` of the last messages
        failed.
        """
        failed += sum(self._outcomes)
        count += len(self._outcomes)
        if failed > self._most and failed > self._share * count:
            msg = (
                f"{failed} of the last {count} messages fail, the last because: {reason}. "
                "That looks like a fault of this deployment, not of the messages: nothing more is dead-lettered and "
                "nothing of this batch is committed. Mend or roll back the service and start it again."
            )
            raise DeadLetterLimit(msg)


class DeadLetters:
    """Sends the original bytes, key and headers to `<topic>.dlq`, with the reason in further headers."""

    def __init__(self, publisher: Publisher, service: str, clock: Clock) -> None:
        self._publisher = publisher
        self._service = service
        self._clock = clock

    def deliver(self, failures: Sequence[tuple[Record, str]]) -> None:
        """Return when the log has every record with its reason. Raises BrokerUnavailable: call again with all."""
        for record, reason in failures:
            topic = str(record.topic())
            headers = [*original_headers(record), *self._headers(record, topic, reason)]
            self._publisher.publish_raw(dead_letter_topic(topic), record.key(), record.value(), headers)
        self._publisher.flush()
        for record, reason in failures:
            _say(record, reason)

    def _headers(self, record: Record, topic: str, reason: str) -> Headers:
        why = DeadLetterHeaders(
            error=reason[:_LONGEST_ERROR],
            service=self._service,
            topic=topic,
            partition=str(record.partition()),
            offset=str(record.offset()),
            failed_at=str(self._clock.now_us()),
        )
        return [(name, str(getattr(why, name)).encode()) for name in why.__struct_fields__]


def original_headers(record: Record) -> list[tuple[str, bytes]]:
    """The record's own headers, as a list of name and bytes: names may repeat."""
    return [(str(name), _bytes(value)) for name, value in list(record.headers() or [])]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()


def _say(record: Record, reason: str) -> None:
    place = {"topic": record.topic(), "partition": record.partition(), "offset": record.offset()}
    _log.error("dead letter", **place, reason=reason)
    metrics.DEAD_LETTERS.labels(record.topic()).inc()
