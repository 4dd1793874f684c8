"""One batch on its way: decoded, handled, delivered. It knows nothing of consumers and commits."""

from collections.abc import Callable, Iterable, Sequence

import structlog
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.contracts import Message, Undecodable, decode
from vantage.errors import DeadLetterLimit, MessageRefused, PublishFailed, Retryable, StartupError
from vantage.publish import Publisher
from vantage.stream.dead_letters import DeadLetterBudget, DeadLetters, original_headers
from vantage.stream.flight import Flight
from vantage.stream.handler import Handler, Outgoing, Poison, Received
from vantage.stream.patience import Abandoned, Patience
from vantage.telemetry import span
from vantage.topics import TOPICS

_log = structlog.get_logger()
_LAST_WORDS_S = 3.0

Pair = tuple[Record, Received[Message]]


class BatchWorker:
    """Takes batches to their effect. Runs in the handler's thread, so it works on one batch at a time."""

    def __init__(
        self,
        handler: Handler[Message],
        publisher: Publisher,
        letters: DeadLetters,
        budget: DeadLetterBudget,
        patience: Patience,
    ) -> None:
        self._handler = handler
        self._publisher = publisher
        self._letters = letters
        self._budget = budget
        self._patience = patience
        self._flight = Flight()
        self._failed = 0
        self._trace = ""

    def work(self, flight: Flight) -> None:
        """Handle and deliver; returns when every effect is there.

        Raises Abandoned on a stop or a rebalance, and DeadLetterLimit, PublishFailed or StartupError when going on
        would lose messages.
        """
        self._flight, self._failed = flight, 0
        pairs = self._decoded(flight.records)
        topic = str(flight.records[0].topic())
        parent = next((one.headers["traceparent"] for _, one in pairs if "traceparent" in one.headers), None)
        with metrics.BATCH_SECONDS.time(), span(f"{topic} batch", {"messages": len(pairs)}, parent) as self._trace:
            self._handle(pairs)
        self._budget.record(len(flight.records), self._failed)

    def idle(self, flight: Flight) -> None:
        """Give the handler its turn between batches. Raises Abandoned on a stop."""
        self._flight, self._trace = flight, ""
        self._carry_out(self._handler.idle)

    def assigned(self, topic: str, partitions: Sequence[int]) -> None:
        """Tell the handler what it was given. Raises Abandoned on a stop."""
        self._patience.until_it_works(Flight(), lambda: self._handler.assigned(topic, partitions))

    def revoked(self, topic: str, partitions: Sequence[int], *, publish: bool) -> None:
        """Tell the handler what was taken away, and deliver its last words of it in one bounded try.

        A rebalance cannot wait: the other replicas stand still meanwhile.
        """
        try:
            outgoing = list(self._handler.revoked(topic, partitions))
            if publish and outgoing:
                self._publish(outgoing)
                self._publisher.flush(_LAST_WORDS_S)
        except (Retryable, PublishFailed) as error:
            _log.warning("the last messages of revoked partitions are not delivered", topic=topic, reason=str(error))

    def _decoded(self, records: Iterable[Record]) -> list[Pair]:
        pairs, failures = [], []
        for record in records:
            try:
                if not _is_tombstone(record):
                    pairs.append((record, received(record)))
            except Undecodable as error:
                failures.append((record, str(error)))
        if failures:
            self._dead_letter(failures)
        return pairs

    def _handle(self, pairs: Sequence[Pair]) -> None:
        """Handle all; take out what is poison; where the handler fails otherwise, close in on what it fails at."""
        while pairs:
            try:
                batch = [one for _, one in pairs]
                self._carry_out(lambda batch=batch: self._handler.handle(batch))  # type: ignore[misc]
            except Poison as poison:
                bad = [pair for pair in pairs if pair[1] is poison.received]
                if not bad:
                    self._divide(pairs, poison)
                    return
                self._dead_letter([(record, str(poison)) for record, _ in bad])
                pairs = [pair for pair in pairs if pair not in bad]
            except Exception as error:  # whatever a handler raises must not lose the batch
                if _ends_the_loop(error):
                    raise
                self._divide(pairs, error)
                return
            else:
                return

    def _divide(self, pairs: Sequence[Pair], error: Exception) -> None:
        """Handle each half, in order; a message that fails alone is a dead letter."""
        if len(pairs) == 1:
            _log.error("a message cannot be handled", exc_info=error)
            self._dead_letter([(pairs[0][0], f"{type(error).__name__}: {error}")])
            return
        middle = len(pairs) // 2
        self._handle(pairs[:middle])
        self._handle(pairs[middle:])

    def _carry_out(self, call: Callable[[], Iterable[Outgoing]]) -> None:
        """Call the handler, then deliver what it gave; a broker that is away does not make it work again."""
        self._check_fence()
        outgoing = self._patience.until_it_works(self._flight, lambda: list(call()))
        self._check_fence()
        if outgoing:
            self._patience.until_it_works(self._flight, lambda: self._deliver(outgoing))

    def _check_fence(self) -> None:
        if self._flight.fenced.is_set():
            msg = "partitions of the batch are another replica's now, or the loop has ended"
            raise Abandoned(msg)

    def _deliver(self, outgoing: Sequence[Outgoing]) -> None:
        self._publish(outgoing)
        self._publisher.flush()

    def _publish(self, outgoing: Sequence[Outgoing]) -> None:
        for item in outgoing:
            self._publisher.publish(item.topic, item.message, key=item.key, trace=self._trace)

    def _dead_letter(self, failures: Sequence[tuple[Record, str]]) -> None:
        """Deliver letters at once, before the rest is handled: a handler may keep offsets beyond them."""
        self._failed += len(failures)
        self._budget.check(len(self._flight.records), self._failed, failures[-1][1])
        self._patience.until_it_works(self._flight, lambda: self._letters.deliver(failures))


def received(record: Record) -> Received[Message]:
    """The record as a handler sees it. Raises Undecodable."""
    topic = str(record.topic())
    return Received(
        message=decode(topic, record.value() or b""),
        topic=topic,
        partition=record.partition() or 0,
        offset=record.offset() or 0,
        key=(record.key() or b"").decode(errors="replace"),
        timestamp_us=record.timestamp()[1] * 1000,
        headers={name: value.decode(errors="replace") for name, value in original_headers(record)},
    )


def _is_tombstone(record: Record) -> bool:
    """Whether it only says that its key is gone, which on a compacted topic is no fault."""
    kind = TOPICS.get(str(record.topic()))
    return record.value() is None and kind is not None and "compact" in kind.cleanup


def _ends_the_loop(error: Exception) -> bool:
    """Whether the fault is not in a message: to go on would send good ones to the dead letters."""
    if isinstance(error, PublishFailed):
        return not isinstance(error, MessageRefused)
    return isinstance(error, Abandoned | DeadLetterLimit | StartupError)
