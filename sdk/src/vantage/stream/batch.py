"""One batch on its way: decoded, handled, delivered. It knows nothing of consumers and commits."""

import threading
from collections.abc import Callable, Sequence
from random import Random

import structlog
from confluent_kafka import Message as Record

from vantage import metrics
from vantage.contracts import Message, Undecodable, decode
from vantage.errors import DeadLetterLimit, PublishFailed, Retryable
from vantage.health import Readiness
from vantage.publish import Publisher
from vantage.stream.dead_letters import DeadLetters, original_headers
from vantage.stream.handler import Handler, Outgoing, Poison, Received
from vantage.telemetry import span

_log = structlog.get_logger()
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0


class Abandoned(Exception):
    """The loop was told to stop while a batch waited for a part that is away: nothing of it is committed."""


class BatchWorker:
    """Takes batches to their effect. Runs in the handler's thread."""

    def __init__(
        self,
        handler: Handler[Message],
        publisher: Publisher,
        letters: DeadLetters,
        readiness: Readiness,
        stop: threading.Event,
    ) -> None:
        self._handler = handler
        self._publisher = publisher
        self._letters = letters
        self._readiness = readiness
        self._stop = stop
        self._random = Random()  # noqa: S311

    def work(self, records: Sequence[Record]) -> None:
        """Handle and deliver; returns when every effect is there.

        Raises Abandoned on a stop, DeadLetterLimit and PublishFailed when going on would lose messages.
        """
        pairs = [pair for record in records if (pair := self._decode(record)) is not None]
        parent = next(
            (received.headers["traceparent"] for _, received in pairs if "traceparent" in received.headers), None
        )
        topic = str(records[0].topic())
        with metrics.BATCH_SECONDS.time(), span(f"{topic} batch", {"messages": len(records)}, parent) as trace:
            self._handle(pairs, trace)
            self._until_it_works(self._publisher.flush)
        self._letters.budget.handled(len(pairs))
        metrics.CONSUMED.labels(topic).inc(len(records))

    def deliver(self, outgoing: Sequence[Outgoing], trace: str = "") -> None:
        """Publish and wait until delivered."""
        self._publish(outgoing, trace)
        self._until_it_works(self._publisher.flush)

    def idle(self) -> None:
        """Give the handler its turn when nothing came."""
        if outgoing := list(self._handler.idle()):
            self.deliver(outgoing)

    def _decode(self, record: Record) -> tuple[Record, Received[Message]] | None:
        try:
            return record, received(record)
        except Undecodable as error:
            self._dead_letter(record, str(error))
            return None

    def _handle(self, pairs: list[tuple[Record, Received[Message]]], trace: str) -> None:
        while pairs:
            try:
                self._attempt(pairs, trace)
            except Poison as poison:
                pairs = self._without(pairs, poison)
            except (Abandoned, DeadLetterLimit, PublishFailed):
                raise
            except Exception as error:  # noqa: BLE001  # whatever a handler raises must not lose the batch
                if len(pairs) > 1:
                    for pair in pairs:
                        self._handle([pair], trace)
                else:
                    _log.exception("a message cannot be handled")
                    self._dead_letter(pairs[0][0], f"{type(error).__name__}: {error}")
                return
            else:
                return

    def _attempt(self, pairs: Sequence[tuple[Record, Received[Message]]], trace: str) -> None:
        batch = [received for _, received in pairs]

        def handle_and_deliver() -> None:
            self._publish(list(self._handler.handle(batch)), trace)
            self._publisher.flush()

        self._until_it_works(handle_and_deliver)

    def _without(
        self, pairs: list[tuple[Record, Received[Message]]], poison: Poison
    ) -> list[tuple[Record, Received[Message]]]:
        place = (poison.received.topic, poison.received.partition, poison.received.offset)
        for record, _ in pairs:
            if (record.topic(), record.partition(), record.offset()) == place:
                self._dead_letter(record, str(poison))
        return [pair for pair in pairs if (pair[1].topic, pair[1].partition, pair[1].offset) != place]

    def _dead_letter(self, record: Record, reason: str) -> None:
        _log.error(
            "dead letter", topic=record.topic(), partition=record.partition(), offset=record.offset(), reason=reason
        )
        self._letters.send(record, reason)
        # before the rest of its batch, whose handler may keep offsets beyond this one
        self._until_it_works(self._letters.deliver)

    def _publish(self, outgoing: Sequence[Outgoing], trace: str) -> None:
        for item in outgoing:
            self._publisher.publish(item.topic, item.message, key=item.key, trace=trace)

    def _until_it_works(self, call: Callable[[], None]) -> None:
        """Call until it does not raise Retryable, with a growing wait: a part that is away loses no work."""
        wait = _FIRST_WAIT_S
        while True:
            try:
                call()
            except Retryable as error:
                name = type(error).__name__
                _log.warning("keeping the batch and trying again", reason=str(error), wait_s=round(wait, 1))
                metrics.RETRIES.labels(name).inc()
                self._readiness.waiting("batch", str(error))
                if self._stop.wait(wait * self._random.uniform(0.5, 1)):
                    raise Abandoned from error
                wait = min(_LONGEST_WAIT_S, wait * 2)
            else:
                self._readiness.ready("batch")
                return


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
