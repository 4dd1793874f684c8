"""This replica's part in the consumer group: which partitions are its own, and what it may commit of them."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import partial

import structlog
from confluent_kafka import OFFSET_STORED, Consumer, KafkaError, TopicPartition

from vantage import metrics
from vantage.contracts import Message
from vantage.health import Readiness
from vantage.stream.batch import BatchWorker
from vantage.stream.flight import Flight, Position
from vantage.stream.handler import Handler
from vantage.stream.handler_thread import HandlerThread, done
from vantage.stream.patience import Abandoned

_log = structlog.get_logger()
_REVOKE_WAIT_S = 5.0  # the other replicas stand still meanwhile
_PART = "partitions"


class Membership:
    """Takes partitions on and lets them go. All is called in the polling thread, the callbacks from within a poll."""

    def __init__(
        self, handler: Handler[Message], worker: BatchWorker, thread: HandlerThread, readiness: Readiness
    ) -> None:
        self._handler = handler
        self._worker = worker
        self._thread = thread
        self._readiness = readiness
        readiness.waiting(_PART, "no partition was assigned yet")
        self._owned: set[Position] = set()
        self._chores: list[Future[None]] = []
        self.flight: Flight | None = None
        """The batch that is under way."""
        self.paused = False
        """Whether partitions that come now must wait for that batch."""

    def join(self, consumer: Consumer, topics: Sequence[str]) -> None:
        """Subscribe: partitions come and go from now on."""
        consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def owns(self, position: Position) -> bool:
        """Whether the partition is this replica's now."""
        return position in self._owned

    def commit(self, consumer: Consumer, offsets: dict[Position, int]) -> None:
        """Commit what this replica still owns; what was taken away is handled again by its new owner.

        It does not wait for the answer, which in an outage would not come: `committed` hears it. The broker takes a
        replica's requests in order, so a commit comes before a hand-over, and closing the consumer waits for it.
        """
        ends = [TopicPartition(*position, offset) for position, offset in offsets.items() if self.owns(position)]
        if not ends:
            return
        consumer.commit(offsets=ends, asynchronous=True)
        for end in ends:
            _, high = consumer.get_watermark_offsets(end, cached=True) or (0, -1)
            if high >= 0:
                metrics.LAG.labels(end.topic, str(end.partition)).set(max(0, high - end.offset))

    @staticmethod
    def committed(error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """The client's commit callback, from within a poll."""
        failed = error or next((part.error for part in partitions if part.error), None)
        if failed:
            _log.warning("offsets are not committed, their messages may come again", error=failed.str())

    def finish_chores(self) -> None:
        """Raise what a handler raised when it was told of partitions."""
        finished = [chore for chore in self._chores if chore.done()]
        self._chores = [chore for chore in self._chores if chore not in finished]
        for chore in finished:
            try:
                chore.result()
            except Abandoned:
                continue

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Begin where the handler says, else where the group has committed.

        With a batch under way the new partitions wait for it, too: their messages would pile up here.
        """
        came = _positions(partitions)
        starts = {topic: self._handler.start_offsets(topic, numbers) for topic, numbers in _by_topic(came)}
        for part in partitions:
            part.offset = starts[part.topic].get(part.partition, OFFSET_STORED)
        consumer.incremental_assign(partitions)
        if self.paused:
            consumer.pause(partitions)
        self._owned |= came
        _log.info("partitions assigned", partitions=_names(came))
        for topic, numbers in _by_topic(came):
            self._chores.append(self._thread.submit(partial(self._worker.assigned, topic, numbers)))
        self._readiness.ready(_PART)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Hand over in order: finish the batch that holds such partitions, commit it, say the last words, let go.

        Where the batch does not end in time it is fenced: it will publish nothing, the new owner handles it.
        """
        going, flight = _positions(partitions), self.flight
        _log.info("partitions revoked", partitions=_names(going))
        if flight is not None:
            flight.hurry.set()  # even if it holds none of them: the handler must be free to let go of them
            if done(flight.job, _REVOKE_WAIT_S) and flight.job.exception() is None:
                self.commit(consumer, {at: offset for at, offset in flight.ends().items() if at in going})
            if flight.touches(going):
                flight.fence(going)
        self._let_go(going, publish=True)
        if not all(done(chore, _REVOKE_WAIT_S) for chore in self._chores):
            _log.warning("the handler is busy: it lets go of its partitions when it is free", partitions=_names(going))

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Another replica may have them since long: nothing is committed and nothing published any more."""
        gone = _positions(partitions)
        _log.warning("partitions lost: this replica was away longer than the session", partitions=_names(gone))
        if self.flight is not None:
            self.flight.hurry.set()
            self.flight.fence(gone)
        self._let_go(gone, publish=False)

    def _let_go(self, going: set[Position], *, publish: bool) -> None:
        self._owned -= going
        for topic, numbers in _by_topic(going):
            self._chores.append(self._thread.submit(partial(self._worker.revoked, topic, numbers, publish=publish)))
            for number in numbers:
                metrics.LAG.remove(topic, str(number))


def _positions(partitions: Iterable[TopicPartition]) -> set[Position]:
    return {(part.topic, part.partition) for part in partitions}


def _by_topic(positions: set[Position]) -> list[tuple[str, list[int]]]:
    topics = sorted({topic for topic, _ in positions})
    return [(name, sorted(number for topic, number in positions if topic == name)) for name in topics]


def _names(positions: set[Position]) -> list[str]:
    return [f"{topic}/{number}" for topic, number in sorted(positions)]
