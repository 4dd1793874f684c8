"""Where messages go that can never be handled, and the limit that keeps a bad deployment from sending all there."""

from collections import deque

from confluent_kafka import Message as Record

from vantage import metrics
from vantage.clock import Clock
from vantage.contracts import DeadLetterHeaders
from vantage.errors import DeadLetterLimit
from vantage.publish import Headers, Publisher
from vantage.topics import dead_letter_topic

_LONGEST_ERROR = 500


class DeadLetterBudget:
    """Counts failures among the last `window` messages. Pure: the loop asks before it sends one away."""

    def __init__(self, most: int = 10, share: float = 0.1, window: int = 1000) -> None:
        self._most = most
        self._share = share
        self._outcomes: deque[bool] = deque(maxlen=window)

    def handled(self, count: int) -> None:
        """So many messages went well."""
        self._outcomes.extend([False] * count)

    def spend(self, reason: str) -> None:
        """One message more is to be dead-lettered.

        Raises DeadLetterLimit when more than `most` and more than `share` of the last messages failed.
        """
        failed = sum(self._outcomes) + 1
        if failed > self._most and failed > self._share * (len(self._outcomes) + 1):
            msg = (
                f"{failed} of the last {len(self._outcomes) + 1} messages fail, the last because: {reason}. "
                "That looks like a fault of this deployment, not of the messages: nothing more is dead-lettered and "
                "nothing of this batch is committed. Mend or roll back the service and start it again."
            )
            raise DeadLetterLimit(msg)
        self._outcomes.append(True)


class DeadLetters:
    """Sends the original bytes, key and headers to `<topic>.dlq`, with the reason in further headers."""

    def __init__(self, publisher: Publisher, service: str, clock: Clock, budget: DeadLetterBudget) -> None:
        self._publisher = publisher
        self._service = service
        self._clock = clock
        self._undelivered: list[tuple[str, bytes | None, bytes | None, Headers]] = []
        self.budget = budget

    def send(self, record: Record, reason: str) -> None:
        """Take a dead letter; `deliver` brings it to the log. Raises DeadLetterLimit."""
        self.budget.spend(reason)
        topic = str(record.topic())
        headers = [*original_headers(record), *self._headers(record, topic, reason)]
        self._undelivered.append((dead_letter_topic(topic), record.key(), record.value(), headers))
        metrics.DEAD_LETTERS.labels(topic).inc()

    def deliver(self) -> None:
        """Return when the log has every letter taken. Raises BrokerUnavailable: call again, none is forgotten."""
        for letter in self._undelivered:
            self._publisher.publish_raw(*letter)
        self._publisher.flush()
        self._undelivered.clear()

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
    """The record's own headers, as a list of name and bytes."""
    return [(str(name), _bytes(value)) for name, value in list(record.headers() or [])]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()
