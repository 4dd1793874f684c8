"""What every client of Kafka is told here, in one place: where, in whose name, how fast, and who hears of trouble."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError

OnError = Callable[[KafkaError], None]


def client_settings(bootstrap: str, name: str, on_error: OnError) -> dict[str, Any]:
    """The settings that producers, consumers and administrators share.

    `on_error` hears of what librdkafka would print itself in a form that is not ours; it is called from `poll`,
    `consume` and `flush`, never from a thread of its own.
    """
    return {
        "bootstrap.servers": bootstrap,
        "client.id": f"vantage-{name}",
        "error_cb": on_error,
        "log_level": 0,
        "socket.nagle.disable": True,  # a small request must not wait for the answer to the one before it
        "reconnect.backoff.max.ms": 2_000,  # the default of 10 s would be most of a short outage
        "socket.timeout.ms": 10_000,
    }


def is_outage(error: KafkaError) -> bool:
    """Whether no broker is left to talk to, or none lets us in; one broker of several being away is no outage."""
    return error.code() in _OUTAGES


def is_partition_end(error: KafkaError) -> bool:
    """Whether it is no error but the end of a partition, for who asks for it by `enable.partition.eof`. The offsets
    before it may hold no message but the end of a transaction.
    """
    return error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001


_OUTAGES = {
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    KafkaError._AUTHENTICATION,  # noqa: SLF001
    KafkaError._RESOLVE,  # noqa: SLF001
    KafkaError._SSL,  # noqa: SLF001
}
