"""The loop: one thread polls the broker, one handles, so that a slow batch never costs the membership of the group."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import structlog
from confluent_kafka import Consumer, KafkaError
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.clock import SystemClock
from vantage.contracts import Message
from vantage.errors import Fenced
from vantage.health import Readiness
from vantage.publish import Publisher
from vantage.settings import ServiceSettings
from vantage.stream.batch import BatchWorker
from vantage.stream.connection import Connection
from vantage.stream.dead_letters import DeadLetterBudget, DeadLetters
from vantage.stream.flight import Flight, position_of
from vantage.stream.handler import Handler, M
from vantage.stream.handler_thread import HandlerThread, done
from vantage.stream.membership import Membership
from vantage.stream.options import LoopOptions
from vantage.stream.patience import Abandoned, Patience

_log = structlog.get_logger()
_PAUSE_AFTER_S = 2.0  # pausing throws fetched messages away, so a batch that is quick is not worth it
_STOP_WAIT_S = 8.0
_SAY_LONG_S = 30.0


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
        self._service, self._topics, self._stop = service, list(topics), stop
        self._options = options or LoopOptions()
        plain: Handler[Message] = handler  # type: ignore[assignment]
        self._has_idle = type(handler).idle is not Handler.idle
        self._settings = settings
        self._connection = Connection(settings.kafka_bootstrap, self._topics, readiness, stop)
        self._consumer: Consumer
        budget = DeadLetterBudget(self._options.dead_letters, self._options.dead_letter_share)
        letters = DeadLetters(publisher, service, SystemClock())
        self._worker = BatchWorker(plain, publisher, letters, budget, Patience(readiness, stop))
        self._thread = HandlerThread(f"{service}-handler")
        self._membership = Membership(plain, self._worker, self._thread, readiness)
        self._backlog: list[Record] = []
        self._idle_at = 0.0
        self._stop_seen_at: float | None = None

    def run(self) -> None:
        """Consume until told to stop; while the broker is away or a topic is missing, wait and say so.

        Raises DeadLetterLimit, PublishFailed and Fenced when going on would lose messages, and what a handler raises
        between batches or for not knowing where to begin. What was not committed is delivered again at the next start.
        A loop runs once.
        """
        if not self._connection.wait():
            return
        options = self._options.consumer_settings(self._settings, self._service, self._topics, self._connection.heard)
        self._consumer = Consumer({**options, "on_commit": self._membership.committed})
        self._thread.start()
        try:
            self._membership.join(self._consumer, self._topics)
            while not self._stop.is_set():
                self._turn()
        finally:
            self._consumer.close()  # a static member's partitions stay its own until the session's time-out
            self._thread.stop()
        self._membership.finish_chores()

    def _turn(self) -> None:
        records = self._fetch()
        if records:
            self._carry(Flight(records))
        self._membership.finish_chores()
        if self._has_idle and (not records or time.monotonic() - self._idle_at >= self._options.wait_s):
            self._fly(Flight(), self._worker.idle)
            self._idle_at = time.monotonic()
        self._connection.look(self._consumer)

    def _fetch(self) -> list[Record]:
        """The first message as soon as there is one, then all that have come with it."""
        size = self._options.batch_size
        found, self._backlog = self._backlog[:size], self._backlog[size:]
        if not found:
            first = self._consumer.poll(self._options.wait_s)
            found = [] if first is None else [first]
        if 0 < len(found) < size:
            found += self._consumer.consume(size - len(found), timeout=0)
        return [record for record in found if self._is_message(record)]

    def _is_message(self, record: Record) -> bool:
        error = record.error()
        if error is None:
            self._connection.works()
            return self._membership.owns(position_of(record))
        if error.code() == KafkaError._FATAL:  # noqa: SLF001
            msg = (
                f"{self._service} may consume {', '.join(self._topics)} no longer: {error.str()}. Another process runs "
                "under this name: give each replica a VANTAGE_REPLICA of its own, and each loop of a process a group."
            )
            raise Fenced(msg)
        self._connection.fails(error)
        return False

    def _carry(self, flight: Flight) -> None:
        if self._fly(flight, self._worker.work):
            self._membership.commit(self._consumer, flight.ends())
            metrics.CONSUMED.labels(str(flight.records[0].topic())).inc(len(flight.records))
        else:
            self._backlog = flight.kept() + self._backlog

    def _fly(self, flight: Flight, work: Callable[[Flight], None]) -> bool:
        """Have the handler's thread do the work; true when it is done, false when it was given up."""
        self._membership.flight = flight
        flight.job = self._thread.submit(partial(work, flight))
        try:
            self._wait(flight)
            if flight.job.done():
                flight.job.result()
                return True
            _log.warning("stopping without the batch in hand: the handler does not end", messages=len(flight.records))
        except Abandoned:
            pass
        finally:
            self._membership.flight = None
            flight.fenced.set()  # if it is under way still, nobody waits for it any more
        return False

    def _wait(self, flight: Flight) -> None:
        """Wait for the handler; when it takes long, keep polling with partitions paused to stay in the group."""
        if done(flight.job, _PAUSE_AFTER_S):
            return
        said_at = time.monotonic()
        with self._pause():
            while not done(flight.job, 0.1) and not self._stop_is_overdue():
                record = self._consumer.poll(0)
                if record is not None:  # news of the broker
                    self._backlog.append(record)
                if time.monotonic() - said_at > _SAY_LONG_S:
                    _log.warning("the handler is still at one batch", messages=len(flight.records))
                    said_at = time.monotonic()

    @contextmanager
    def _pause(self) -> Iterator[None]:
        self._membership.paused = True
        self._consumer.pause(self._consumer.assignment())
        try:
            yield
        finally:
            self._membership.paused = False
            self._consumer.resume(self._consumer.assignment())

    def _stop_is_overdue(self) -> bool:
        if self._stop.is_set() and self._stop_seen_at is None:
            self._stop_seen_at = time.monotonic()
        return self._stop_seen_at is not None and time.monotonic() - self._stop_seen_at > _STOP_WAIT_S
