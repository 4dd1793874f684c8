"""Findings and dead letters to the event log, from a loop that must not block."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import cast

import structlog
from confluent_kafka import Message as ClientRecord

from vantage import metrics
from vantage.clock import Clock
from vantage.contracts import Finding
from vantage.errors import BrokerUnavailable
from vantage.health import Readiness
from vantage.publish import Publisher
from vantage.stream.dead_letters import DeadLetterBudget, DeadLetters
from vantage_alerts.record import RawRecord

_log = structlog.get_logger()
_PART = "delivery"
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0


class Delivery:
    """Publishes in one thread of its own and waits there, so that the engine's loop keeps its membership meanwhile."""

    def __init__(self, publisher: Publisher, service: str, clock: Clock, readiness: Readiness) -> None:
        self._publisher = publisher
        self._letters = DeadLetters(publisher, service, clock)
        self._budget = DeadLetterBudget()
        self._readiness = readiness
        self._random = Random()  # noqa: S311
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="delivery")

    async def deliver(self, findings: Sequence[Finding], trace: str) -> None:
        """Return when findings.v1 has them all; tried until then."""

        def publish() -> None:
            for finding in findings:
                self._publisher.publish("findings.v1", finding, trace=trace)
            self._publisher.flush()

        await self._until_it_works(publish)

    async def bury(self, record: RawRecord, reason: str) -> None:
        """Return when the dead-letter topic has the record. Raises DeadLetterLimit."""
        self._budget.check(1, 1, reason)
        # the SDK asks nothing of its client's records but what this one answers
        letter = cast("ClientRecord", record)
        await self._until_it_works(lambda: self._letters.deliver([(letter, reason)]))
        self._budget.record(1, 1)

    def went_well(self) -> None:
        """A record was handled: it counts for the limit of dead letters."""
        self._budget.record(1, 0)

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _until_it_works(self, call: Callable[[], None]) -> None:
        wait = _FIRST_WAIT_S
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, call)
            except BrokerUnavailable as error:
                _log.warning("keeping what was found and trying again", reason=str(error), wait_s=round(wait, 1))
                metrics.RETRIES.labels(type(error).__name__).inc()
                self._readiness.waiting(_PART, str(error))
                await asyncio.sleep(wait * self._random.uniform(0.5, 1))
                wait = min(_LONGEST_WAIT_S, wait * 2)
            else:
                self._readiness.ready(_PART)
                return
