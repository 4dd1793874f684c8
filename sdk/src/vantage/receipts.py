"""What becomes of the messages that one thread has queued, apart from those of every other thread."""

import threading
from collections.abc import Callable

from confluent_kafka import KafkaError, Message

from vantage import metrics
from vantage.errors import VantageError

Explain = Callable[[KafkaError, str], VantageError]


class Receipts:
    """Counts the messages that are on their way and keeps the first failure until it is taken.

    A thread that flushes must hear of its own failures and of no others: of another thread's it could do nothing, and
    that thread would never learn of them.
    """

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self._lock = threading.Lock()
        self._outstanding = 0
        self._failure: VantageError | None = None

    @property
    def outstanding(self) -> int:
        """How many messages the broker has neither confirmed nor refused."""
        return self._outstanding

    def expect(self) -> None:
        """One message more is on its way."""
        with self._lock:
            self._outstanding += 1

    def withdraw(self) -> None:
        """The message that was expected last was not queued after all."""
        with self._lock:
            self._outstanding -= 1

    def arrived(self, error: KafkaError | None, record: Message) -> None:
        """The client's delivery callback, in whichever thread serves it."""
        with self._lock:
            self._outstanding -= 1
            if error is not None and self._failure is None:
                self._failure = self._explain(error, str(record.topic()))
        if error is None:
            metrics.PUBLISHED.labels(record.topic()).inc()

    def take_failure(self) -> VantageError | None:
        """The first failure since the last call."""
        with self._lock:
            failure, self._failure = self._failure, None
        return failure
