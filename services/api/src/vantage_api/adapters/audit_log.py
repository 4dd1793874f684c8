"""Decisions into `audit.v1`, many in one flush, each known to be there before its effect.

One thread publishes: the publisher reports a failed delivery once, and two that flush at the same time could each take
the other's failure for its own. A record may be in the log although its caller was answered 503 (the confirmation came
too late); never the other way round.
"""

import contextlib
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

import structlog

from vantage.contracts import AuditRecord
from vantage.contracts import Message as Contract
from vantage.errors import VantageError
from vantage_api import metrics
from vantage_api.errors import AuditUnavailable

_log = structlog.get_logger()
TOPIC = "audit.v1"
_WAITING = 2_000
_BATCH = 200
_IDLE_S = 0.5
_Entry = tuple[AuditRecord, "Future[None]"]


class Publishes(Protocol):
    """The part of `vantage.publish.Publisher` that is used."""

    def publish(self, topic: str, message: Contract) -> None:
        """Queue a message."""

    def flush(self, timeout: float) -> None:
        """Wait until what was queued is delivered."""


class KafkaAuditLog:
    """Records decisions; a bounded queue of them waits for the one thread that writes."""

    def __init__(self, publisher: Publishes, patience_s: float) -> None:
        self._publisher = publisher
        self._patience_s = patience_s
        self._waiting: queue.Queue[_Entry] = queue.Queue(_WAITING)
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name="api-audit", daemon=True)

    def record(self, record: AuditRecord) -> "Future[None]":
        """Done when the log has the record for good; fails with AuditUnavailable where it may not have it."""
        done: Future[None] = Future()
        try:
            self._waiting.put_nowait((record, done))
        except queue.Full:
            done.set_exception(AuditUnavailable(f"{_WAITING} decisions wait to be recorded: Kafka is slow or away"))
        return done

    def start(self) -> None:
        """Begin to write."""
        self.thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        self.thread.join(self._patience_s + 1)

    def _run(self) -> None:
        while not self._stop.is_set() or not self._waiting.empty():
            if batch := self._batch():
                self._write(batch)

    def _batch(self) -> list[_Entry]:
        """What waits now, a batch at most; waits a moment for the first."""
        batch: list[_Entry] = []
        with contextlib.suppress(queue.Empty):
            batch.append(self._waiting.get(timeout=_IDLE_S))
            while len(batch) < _BATCH:
                batch.append(self._waiting.get_nowait())
        return batch

    def _write(self, batch: Sequence[_Entry]) -> None:
        try:
            with metrics.AUDIT_SECONDS.time():
                for record, _ in batch:
                    self._publisher.publish(TOPIC, record)
                self._publisher.flush(self._patience_s)
        except VantageError as error:
            _log.error("decisions are not recorded, nothing is served for them", count=len(batch), reason=str(error))
            failure = AuditUnavailable(str(error))
            for _, done in batch:
                _settle(done, failure)
        else:
            for _, done in batch:
                _settle(done, None)


def _settle(done: "Future[None]", failure: AuditUnavailable | None) -> None:
    if not done.set_running_or_notify_cancel():  # the caller has gone
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
