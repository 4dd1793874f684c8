"""The loop: one thread polls the broker, one handles, so that a slow batch never costs the membership of the group."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from confluent_kafka import OFFSET_STORED, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.clock import SystemClock
from vantage.contracts import Message
from vantage.errors import BrokerUnavailable, StartupError
from vantage.health import Readiness
from vantage.publish import Publisher
from vantage.settings import ServiceSettings
from vantage.stream.batch import Abandoned, BatchWorker
from vantage.stream.dead_letters import DeadLetterBudget, DeadLetters
from vantage.stream.handler import Handler, M

_log = structlog.get_logger()
_PAUSE_AFTER_S = 2.0  # pausing throws fetched messages away, so a batch that is quick is not worth it
_REVOKE_WAIT_S = 10.0
_STOP_WAIT_S = 8.0


@dataclass(frozen=True)
class LoopOptions:
    """How a loop takes its batches. `wait_s` is how long it waits for a message before the handler's idle turn."""

    batch_size: int = 500
    wait_s: float = 0.2
    start_at: str = "earliest"
    group: str | None = None
    dead_letters: int = 10
    dead_letter_share: float = 0.1


class StreamLoop:
    """Consumes topics in a group and commits an offset only after its effect."""

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        topics: Sequence[str],
        handler: Handler[M],
        publisher: Publisher,
        *,
        stop: threading.Event,
        readiness: Readiness,
        options: LoopOptions | None = None,
    ) -> None:
        self._settings, self._service, self._topics = settings, service, list(topics)
        self._options = options or LoopOptions()
        self._handler: Handler[Message] = handler  # type: ignore[assignment]
        self._stop, self._readiness = stop, readiness
        budget = DeadLetterBudget(self._options.dead_letters, self._options.dead_letter_share)
        letters = DeadLetters(publisher, service, SystemClock(), budget)
        self._worker = BatchWorker(self._handler, publisher, letters, readiness, stop)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"{service}-handler")
        self._owned: set[tuple[str, int]] = set()
        self._backlog: list[Record] = []
        self._job: Future[None] | None = None
        self._consumer = Consumer(self._configuration())

    def run(self) -> None:
        """Consume until told to stop.

        Raises StartupError where a topic is missing, DeadLetterLimit and PublishFailed when going on would lose
        messages, and what a handler raises for not knowing where to begin. What was not committed is delivered again
        at the next start. A loop runs once.
        """
        try:
            if not self._wait_for_topics():
                return
            self._consumer.subscribe(
                self._topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
            )
            while not self._stop.is_set():
                self._turn()
        finally:
            self._close()

    def _turn(self) -> None:
        records = self._fetch()
        if not records:
            self._finish(self._executor.submit(self._worker.idle))
            return
        try:
            self._finish(self._executor.submit(self._worker.work, records))
        except Abandoned:
            return
        self._commit(records)

    def _fetch(self) -> list[Record]:
        """The first message as soon as there is one, then all that have come with it."""
        found, self._backlog = self._backlog, []
        if not found:
            first = self._consumer.poll(self._options.wait_s)
            found = [] if first is None else [first]
        if found:
            found += self._consumer.consume(self._options.batch_size - len(found), timeout=0)
        return [record for record in found if self._is_message(record)]

    def _is_message(self, record: Record) -> bool:
        error = record.error()
        if error is None:
            return (str(record.topic()), record.partition() or 0) in self._owned
        if error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            msg = f"{self._service} cannot go on consuming {', '.join(self._topics)}: {error.str()}"
            raise BrokerUnavailable(msg)
        _log.warning("the broker reports", error=error.str())
        return False

    def _finish(self, job: Future[None]) -> None:
        """Wait for the handler; when it takes long, keep polling with partitions paused to stay in the group."""
        self._job = job
        try:
            if not _done(job, _PAUSE_AFTER_S):
                self._poll_paused(job)
            job.result()
        finally:
            self._job = None

    def _poll_paused(self, job: Future[None]) -> None:
        self._consumer.pause(self._consumer.assignment())
        while not _done(job, 0.1):
            record = self._consumer.poll(0)
            if record is not None:  # of a partition that came during the pause
                self._backlog.append(record)
        self._consumer.resume(self._consumer.assignment())

    def _commit(self, records: Sequence[Record]) -> None:
        """Commit what this replica still owns; what was taken away is handled again by its new owner."""
        offsets: dict[tuple[str, int], int] = {}
        for record in records:
            offsets[str(record.topic()), record.partition() or 0] = (record.offset() or 0) + 1
        ends = [TopicPartition(*place, offset) for place, offset in offsets.items() if place in self._owned]
        if not ends:
            return
        try:
            self._consumer.commit(offsets=ends, asynchronous=False)
        except KafkaException as error:
            _log.warning("offsets are not committed, their messages may come again", error=str(error.args[0]))
        self._measure_lag(ends)

    def _measure_lag(self, ends: Sequence[TopicPartition]) -> None:
        for end in ends:
            _, high = self._consumer.get_watermark_offsets(end, cached=True) or (0, -1)
            if high >= 0:
                metrics.LAG.labels(end.topic, str(end.partition)).set(max(0, high - end.offset))

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        starts = {topic: self._handler.start_offsets(topic, numbers) for topic, numbers in _by_topic(partitions)}
        if any(starts.values()):  # otherwise the client itself assigns, at what the group has committed
            for part in partitions:
                part.offset = starts[part.topic].get(part.partition, OFFSET_STORED)
            consumer.incremental_assign(list(partitions))
        self._owned |= {(part.topic, part.partition) for part in partitions}
        _log.info("partitions assigned", partitions=_names(partitions))
        for topic, numbers in _by_topic(partitions):
            self._handler.assigned(topic, numbers)
        self._readiness.ready("partitions")

    def _revoked(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        if self._job is not None:
            _done(self._job, _REVOKE_WAIT_S)
        self._let_go(partitions)

    def _lost(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        _log.warning("partitions lost: this replica was away longer than the session", partitions=_names(partitions))
        self._let_go(partitions)

    def _let_go(self, partitions: Sequence[TopicPartition]) -> None:
        self._owned -= {(part.topic, part.partition) for part in partitions}
        for topic, numbers in _by_topic(partitions):
            if outgoing := list(self._handler.revoked(topic, numbers)):
                try:
                    self._worker.deliver(outgoing)
                except Abandoned:
                    _log.warning("the last messages of revoked partitions were not delivered", topic=topic)

    def _wait_for_topics(self) -> bool:
        """Wait for the broker, saying so; false when told to stop meanwhile."""
        while not self._stop.is_set():
            try:
                present = self._consumer.list_topics(timeout=3).topics
            except KafkaException as error:
                self._say_waiting(error)
                continue
            if missing := [topic for topic in self._topics if topic not in present]:
                msg = (
                    f"{self._settings.kafka_bootstrap} has no topic {', '.join(missing)}: run "
                    f"`vantage topics apply --bootstrap {self._settings.kafka_bootstrap}`"
                )
                raise StartupError(msg)
            self._readiness.ready("kafka")
            self._readiness.waiting("partitions", "no partition was assigned yet")
            return True
        return False

    def _say_waiting(self, error: KafkaException) -> None:
        address, answer = self._settings.kafka_bootstrap, error.args[0].str()
        reason = f"Kafka at {address} does not answer ({answer}); start it or set VANTAGE_KAFKA_BOOTSTRAP"
        self._readiness.waiting("kafka", reason)
        _log.warning("waiting for Kafka", reason=reason)
        self._stop.wait(2)

    def _close(self) -> None:
        """Leave the group; a static member keeps its partitions for its next start."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._job is not None:
            _done(self._job, _STOP_WAIT_S)
        self._consumer.close()

    def _configuration(self) -> dict[str, str | int | bool | Callable[[KafkaError], None]]:
        return {
            "bootstrap.servers": self._settings.kafka_bootstrap,
            "group.id": self._options.group or f"vantage-{self._service}",
            "group.instance.id": f"{self._service}-{self._settings.replica}",
            "client.id": f"vantage-{self._service}",
            "session.timeout.ms": self._settings.kafka_session_timeout_ms,
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": False,
            "auto.offset.reset": self._options.start_at,
            "fetch.wait.max.ms": 100,
            "log_level": 3,
            "error_cb": self._say_error,
        }

    def _say_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001
            _log.warning("no broker can be reached", kafka=self._settings.kafka_bootstrap, error=error.str())


def _done(job: Future[None], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not job.done() and (left := end - time.monotonic()) > 0:
        try:
            job.exception(timeout=left)
        except TimeoutError:
            return False
    return job.done()


def _by_topic(partitions: Sequence[TopicPartition]) -> list[tuple[str, list[int]]]:
    topics = sorted({part.topic for part in partitions})
    return [(topic, [part.partition for part in partitions if part.topic == topic]) for topic in topics]


def _names(partitions: Sequence[TopicPartition]) -> list[str]:
    return sorted(f"{part.topic}/{part.partition}" for part in partitions)
