"""Whether the event log is there."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from vantage.errors import BrokerUnavailable

_ASK_S = 3.0
_NEEDED = ("alerts.v1", "audit.v1", "cameras.v1", "fragments.v1")


class Broker:
    """Asks Kafka for the topics that the gateway needs."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 1_000})

    def check(self) -> None:
        """Raise BrokerUnavailable where it does not answer, or a topic is missing."""
        try:
            topics = self._admin.list_topics(timeout=_ASK_S).topics
        except KafkaException as error:
            msg = f"Kafka at {self._bootstrap} does not answer: {error.args[0].str()}; check that it runs there"
            raise BrokerUnavailable(msg) from error
        if missing := [name for name in _NEEDED if name not in topics]:
            msg = f"Kafka at {self._bootstrap} lacks {', '.join(missing)}: run `vantage topics apply`"
            raise BrokerUnavailable(msg)
