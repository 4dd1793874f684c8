"""This replica's share of the cameras: a member of a consumer group over `cameras.v1`, which reads its partitions from
their beginning each time they are assigned and never relies on a committed offset to do so.

Losing the event log stops no camera: a membership that ended without the group's word leaves its partitions held, and
the replica *fenced*.
"""

import threading
from collections.abc import Mapping, Sequence

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage import metrics as sdk_metrics
from vantage.clock import Clock
from vantage.contracts import Camera, Undecodable, decode
from vantage.errors import StartupError
from vantage.health import Readiness
from vantage.ids import new_epoch
from vantage.kafka import is_outage, is_partition_end
from vantage_ingest import metrics
from vantage_ingest.adapters.membership import TOPIC, Membership
from vantage_ingest.domain.holdings import Holdings, Wanted
from vantage_ingest.said import Said
from vantage_ingest.settings import IngestSettings

_KAFKA, _PARTITIONS = "kafka", "partitions"
_ENDS = {KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID}  # noqa: SLF001
_log = structlog.get_logger()


class Ownership:
    """Follows the group and the topic in a thread of its own; others ask it what is wanted."""

    def __init__(self, settings: IngestSettings, readiness: Readiness, clock: Clock, stop: threading.Event) -> None:
        self._address = settings.kafka_bootstrap
        self._replica = settings.replica
        self._cell_id = settings.cell_id
        self._readiness = readiness
        self._clock = clock
        self._stop = stop
        self._said = Said(clock)
        self._lock = threading.Lock()
        self._holdings = Holdings()
        self._changed = False
        self._holding = False
        self._fatal: KafkaError | None = None
        self._membership = Membership(settings, clock, self._on_error)
        self._handover_s = settings.ingest_handover_seconds
        self._fenced = False
        self.assigned = threading.Event()
        readiness.waiting(_PARTITIONS, "no partition was assigned yet")

    def run(self) -> None:
        """Follow until told to stop; may be called again, and what is owned is held meanwhile.

        Raises StartupError where another process has this replica's name.
        """
        self._holding = False
        consumer = self._membership.consumer()
        try:
            if self._wait_for_topic(consumer):
                consumer.subscribe([TOPIC], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
            while not self._stop.is_set():
                for record in consumer.consume(500, timeout=0.2):
                    self._take(record)
                self._check()
                self._membership.turn(consumer)
        finally:
            self._hold_all()
            consumer.close()

    def wanted(self) -> dict[str, Wanted]:
        """The cameras of this replica's partitions, and those that it hands over."""
        with self._lock:
            self._holdings.expire(self._clock.monotonic())
            return self._holdings.wanted()

    def fenced(self) -> bool:
        """Whether another replica may own what this one holds."""
        fenced = self._membership.fenced()
        if fenced != self._fenced and self.assigned.is_set() and not self.left:
            self._fenced = fenced
            say = _log.warning if fenced else _log.info
            say("fenced: recording goes on, nothing is shown" if fenced else "not fenced any more")
        return fenced

    def leave(self) -> bool:
        """Give the partitions to the other replicas, if there are any, and wait a little until that is known; false
        where there is none. What is handed over is wanted for the time of a handover.
        """
        return bool(self.assigned.is_set() and self._handover_s) and self._membership.leave()

    @property
    def left(self) -> bool:
        """Whether other replicas take over."""
        return self._membership.left.is_set()

    def partitions(self) -> dict[int, int]:
        """This replica's partitions with their epochs."""
        with self._lock:
            return self._holdings.partitions()

    def remember(self, known: Mapping[int, Sequence[Camera]]) -> None:
        """Go on with what was known when the service last ran."""
        with self._lock:
            self._holdings.remember(known, new_epoch(self._clock))
            self._measure()

    def news(self) -> dict[int, list[Camera]] | None:
        """What is to be remembered on disk; None where nothing changed or it is not read whole yet."""
        with self._lock:
            if not self._changed or not self._holdings.settled:
                return None
            self._changed = False
            return self._holdings.snapshot()

    def _on_assign(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        for part in partitions:
            part.offset = OFFSET_BEGINNING
        consumer.incremental_assign(list(partitions))
        numbers = [part.partition for part in partitions]
        with self._lock:
            self._holdings.assigned(numbers, new_epoch(self._clock))
            self._note_change()
        self._membership.proved()
        _log.info("partitions assigned", partitions=sorted(numbers))
        self._said.good(_KAFKA, "the event log is back")
        self._readiness.ready(_KAFKA)
        self._readiness.ready(_PARTITIONS)
        self.assigned.set()

    def _on_revoke(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        if self._holding:
            return  # this membership is ending by itself, not by the group's word
        numbers = [part.partition for part in partitions]
        with self._lock:
            self._holdings.revoked(numbers, self._clock.monotonic() + self._handover_s)
            self._note_change()
        _log.info("partitions revoked", partitions=sorted(numbers))

    def _on_lost(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        numbers = [part.partition for part in partitions]
        with self._lock:
            self._holdings.lost(numbers)
            self._measure()
        self._membership.lost()
        _log.warning("membership lost, recording goes on until a new assignment", partitions=sorted(numbers))

    def _check(self) -> None:
        if self._fatal is not None:
            msg = (
                f"this replica's membership was ended for good ({self._fatal.str()}): does another process run as "
                f"VANTAGE_REPLICA={self._replica}? Give each replica a name of its own"
            )
            raise StartupError(msg)

    def _hold_all(self) -> None:
        with self._lock:
            self._holding = True
            self._holdings.lost(list(self._holdings.partitions()))

    def _note_change(self) -> None:
        self._changed = True
        self._measure()

    def _measure(self) -> None:
        metrics.HELD_PARTITIONS.set(len(self._holdings.held))

    def _take(self, record: Record) -> None:
        if (error := record.error()) is not None:
            self._take_error(record, error)
            return
        key = (record.key() or b"").decode(errors="replace")
        value = record.value()
        try:
            camera = None if value is None else decode(TOPIC, value)
        except Undecodable as unreadable:
            sdk_metrics.SKIPPED_RECORDS.labels(TOPIC).inc()
            _log.error("a camera's record is skipped, its last good state stays", camera=key, error=str(unreadable))
            return
        if isinstance(camera, Camera) and camera.cell_id != self._cell_id:
            _log.warning("a camera of another cell is left alone", camera=key, cell=camera.cell_id)
            return
        with self._lock:
            self._holdings.record(record.partition() or 0, key, camera if isinstance(camera, Camera) else None)
            self._changed = True

    def _take_error(self, record: Record, error: KafkaError) -> None:
        if is_partition_end(error):
            with self._lock:
                self._holdings.caught_up(record.partition() or 0)
            return
        if not self._is_end(error):
            self._say(error)

    def _wait_for_topic(self, consumer: Consumer) -> bool:
        """Wait for the broker and the topic, saying so; false when told to stop meanwhile."""
        while not self._stop.is_set():
            try:
                if TOPIC in consumer.list_topics(timeout=3).topics:
                    return True
                reason = f"{self._address} has no topic {TOPIC}: run `vantage topics apply`"
            except KafkaException as error:
                reason = f"Kafka at {self._address} does not answer ({error.args[0].str()}); is it running there?"
            self._readiness.waiting(_KAFKA, reason)
            _log.warning("waiting for Kafka", reason=reason)
            self._stop.wait(2)
        return False

    def _say(self, error: KafkaError) -> None:
        self._said.bad(_KAFKA, "the event log is away, recording goes on", f"{self._address}: {error.str()}")

    def _on_error(self, error: KafkaError) -> None:
        if not self._is_end(error) and is_outage(error):
            self._say(error)

    def _is_end(self, error: KafkaError) -> bool:
        """Whether this membership can never go on; it is remembered, because a callback cannot raise."""
        if error.fatal() or error.code() in _ENDS:
            self._fatal = error
        return self._fatal is not None
