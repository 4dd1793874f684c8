"""How a loop takes its batches, and what that means to the Kafka client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vantage.kafka import OnError, client_settings
from vantage.settings import ServiceSettings
from vantage.static_name import static_name


@dataclass(frozen=True)
class LoopOptions:
    """How a loop takes its batches. A batch is handled as soon as it has one message: `batch_size` only bounds it.

    `wait_s` is how long the loop waits for a message before the handler's idle turn. `group` is the consumer group,
    `vantage-<service>` unless given: two loops of one process need two. `dead_letters` and `dead_letter_share` say how
    many of the last thousand messages may fail before the loop stops; both must be exceeded. `max_poll_interval_ms` is
    after how long without a poll the broker takes this replica for stuck; a slow handler does not count, since the
    loop polls on while it works. It may not be less than the session's time-out.
    """

    batch_size: int = 500
    wait_s: float = 0.2
    start_at: Literal["earliest", "latest"] = "earliest"
    group: str | None = None
    dead_letters: int = 10
    dead_letter_share: float = 0.1
    max_poll_interval_ms: int = 60_000

    def consumer_settings(
        self, settings: ServiceSettings, service: str, topics: Sequence[str], on_error: OnError
    ) -> dict[str, Any]:
        """The Kafka client's settings. Asks the broker about the group.

        Membership is static, so that a restart within the session's time-out moves no partition, and cooperative, so
        that a replica that comes or goes stops only the partitions that move.
        """
        group, replica = self.group or f"vantage-{service}", f"{service}-{settings.replica}"
        return {
            **client_settings(settings.kafka_bootstrap, service, on_error),
            "group.id": group,
            "group.instance.id": static_name(settings.kafka_bootstrap, group, replica, topics),
            "session.timeout.ms": settings.kafka_session_timeout_ms,
            "heartbeat.interval.ms": 1_000,  # by its answer a replica learns of a rebalance; a hand-over takes two
            "max.poll.interval.ms": self.max_poll_interval_ms,
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": self.start_at,
            "fetch.min.bytes": 1,
            "fetch.wait.max.ms": 100,
            "queued.max.messages.kbytes": 32_768,
        }
