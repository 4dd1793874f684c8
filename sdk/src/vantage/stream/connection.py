"""Whether the event log can be reached and has the topics: the one place where a loop finds out and says so."""

import threading
import time
from collections.abc import Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from vantage.health import Readiness
from vantage.kafka import client_settings, is_outage

_log = structlog.get_logger()
_PART = "kafka"
_ASK_TIMEOUT_S = 3.0
_LOOK_EVERY_S = 2.0


class Connection:
    """Keeps the readiness of `kafka` true: a line in the log when it goes, a line when it comes back."""

    def __init__(self, bootstrap: str, topics: Sequence[str], readiness: Readiness, stop: threading.Event) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._readiness = readiness
        readiness.waiting(_PART, f"Kafka at {bootstrap} was not asked yet")
        self._stop = stop
        self._away = True
        self._looked_at = 0.0

    def wait(self) -> bool:
        """Wait for the broker and the topics, with a line a try; false when told to stop meanwhile."""
        admin = AdminClient(client_settings(self._bootstrap, "start", lambda _error: None))
        while not self._stop.is_set():
            reason = self._reason(admin)
            if reason is None:
                self.works()
                return True
            self._readiness.waiting(_PART, reason)
            _log.warning("waiting for Kafka", reason=reason)
            self._stop.wait(_LOOK_EVERY_S)
        return False

    def heard(self, error: KafkaError) -> None:
        """The client's error callback."""
        if is_outage(error):
            self.fails(error)

    def fails(self, error: KafkaError) -> None:
        """The log cannot be reached, or will not let this service read a topic."""
        reason = f"Kafka at {self._bootstrap} cannot be read: {error.str()}"
        self._readiness.waiting(_PART, reason)
        if not self._away:
            _log.warning("Kafka is away", reason=reason)
        self._away = True

    def works(self) -> None:
        """Something was read or committed."""
        if self._away:
            self._away = False
            self._readiness.ready(_PART)
            _log.info("Kafka answers", kafka=self._bootstrap)

    def look(self, consumer: Consumer) -> None:
        """After an outage ask now and then whether it is over, for when there is nothing to read."""
        if self._away and time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            if self._reason(consumer) is None:
                self.works()
            self._looked_at = time.monotonic()

    def _reason(self, client: Consumer | AdminClient) -> str | None:
        """Why the topics cannot be read; None when they can."""
        try:
            present = client.list_topics(timeout=_ASK_TIMEOUT_S).topics
        except KafkaException as error:
            answer = error.args[0].str()
            return f"Kafka at {self._bootstrap} does not answer ({answer}); start it or set VANTAGE_KAFKA_BOOTSTRAP"
        if missing := [topic for topic in self._topics if topic not in present]:
            remedy = f"run `vantage topics apply --bootstrap {self._bootstrap}`"
            return f"Kafka at {self._bootstrap} has no topic {', '.join(missing)}: {remedy}"
        return None
