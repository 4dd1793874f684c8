"""A replica's membership in its consumer group: under which name, how it is proved, and how it is given up.

A commit every two seconds is the proof: the broker takes one from a member of this generation only. What is committed
does not matter to anybody.
"""

import threading
from collections import deque
from collections.abc import Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from vantage.clock import Clock
from vantage.kafka import OnError, client_settings
from vantage.static_name import static_name
from vantage_ingest.domain.lease import Lease
from vantage_ingest.settings import IngestSettings

TOPIC = "cameras.v1"
_GROUP = "vantage-ingest"
_PROOF_S = 2.0
_ASK_S = 3.0
_log = structlog.get_logger()


class Membership:
    """One replica's. `turn` is called by the thread that consumes, the rest by any."""

    def __init__(self, settings: IngestSettings, clock: Clock, on_error: OnError) -> None:
        self._address = settings.kafka_bootstrap
        self._name = f"ingest-{settings.replica}"
        self._clock = clock
        self._lock = threading.Lock()
        self._lease = Lease(settings.kafka_session_timeout_ms / 1000)
        self._prove_at = 0.0
        self._asked: deque[float] = deque()
        self._leave, self._answered = threading.Event(), threading.Event()
        self.left = threading.Event()
        self._settings = {
            **client_settings(settings.kafka_bootstrap, "ingest", on_error),
            "group.id": _GROUP,
            "session.timeout.ms": settings.kafka_session_timeout_ms,
            "heartbeat.interval.ms": 1_000,  # a member hears of a rebalance with its heartbeat: the gap of what moves
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "on_commit": self._on_commit,
            "fetch.wait.max.ms": 100,
        }

    def consumer(self) -> Consumer:
        """A consumer of the group, which is no member yet."""
        self._asked.clear()
        name = static_name(self._address, _GROUP, self._name, [TOPIC])
        return Consumer({**self._settings, "group.instance.id": name})

    def proved(self) -> None:
        """The group has given its word just now."""
        with self._lock:
            self._lease.proved(self._clock.monotonic())
            self._prove_at = 0.0

    def lost(self) -> None:
        """The membership ended."""
        with self._lock:
            self._lease.lost()

    def fenced(self) -> bool:
        """Whether another replica may own what this one holds."""
        with self._lock:
            return self._lease.fenced(self._clock.monotonic())

    def leave(self) -> bool:
        """Give the partitions to the other replicas, and say whether there are any; waits a little for the broker."""
        self._leave.set()
        self._answered.wait(2 * _ASK_S)
        return self.left.is_set()

    def turn(self, consumer: Consumer) -> None:
        """Prove the membership where that is due, and leave where that was asked."""
        self._prove(consumer)
        if self._leave.is_set() and not self._answered.is_set():
            self._part(consumer)

    def _prove(self, consumer: Consumer) -> None:
        now = self._clock.monotonic()
        if now < self._prove_at or not (parts := consumer.assignment()):
            return
        self._prove_at = now + _PROOF_S
        for part in parts:
            part.offset = 0
        try:
            consumer.commit(offsets=parts, asynchronous=True)
        except KafkaException:
            return  # what is wrong is said to `on_error` as well
        self._asked.append(now)

    def _on_commit(self, error: KafkaError | None, _partitions: Sequence[TopicPartition]) -> None:
        """The broker's answer: it refuses who is no member, and who is one of an earlier generation."""
        asked = self._asked.popleft() if self._asked else None
        if asked is not None and (error is None or error.code() == KafkaError.REBALANCE_IN_PROGRESS):
            with self._lock:
                self._lease.proved(asked)

    def _part(self, consumer: Consumer) -> None:
        """Leave by name where others take over: a static member that merely ends stays an owner for the session's
        time-out, and that is what a restart without others wants.
        """
        if not self._alone():
            consumer.unsubscribe()
            _log.info("the other replicas take over")
            self.left.set()
        self._answered.set()

    def _alone(self) -> bool:
        """Whether no other replica is known in the group."""
        admin = AdminClient(client_settings(self._address, "ingest", lambda _error: None))
        try:
            group = admin.describe_consumer_groups([_GROUP], request_timeout=_ASK_S)[_GROUP].result()
        except KafkaException:
            return True
        return len(group.members) < 2
