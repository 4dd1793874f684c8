"""Publishes the outbox to alerts.v1: in order, and each change once, whatever is killed when.

Taking office, in this order:
1. hold the advisory lock, so that one replica at most publishes and the others stand by;
2. begin the fixed transactional id anew: the predecessor's open transaction is aborted and it can commit nothing more,
   even if it lives on without knowing that it lost the lock;
3. read alerts.v1 from the noted offset to its end: the events that are there were published, noted or not;
4. publish the rest of the outbox, and note how far that came.
"""

import threading
from collections.abc import Sequence

import structlog

from vantage.clock import Clock
from vantage.errors import Retryable
from vantage.service import Running
from vantage_alerts import metrics
from vantage_alerts.adapters.alert_topic import AlertTopic
from vantage_alerts.adapters.outbox import Outbox
from vantage_alerts.domain.outbox import Mark, OutboxRow, unpublished
from vantage_alerts.settings import DeskSettings

_log = structlog.get_logger()
_PART = "publisher"
_RETRY_S = 1.0
_STAND_BY_S = 1.0
_LOOK_S = 0.5  # a notice comes at once; looking without one covers a notice lost with a session


class AlertPublisher:
    """Runs in a thread of its own until the service stops; waits out a database or an event log that is away."""

    def __init__(self, settings: DeskSettings, clock: Clock, running: Running) -> None:
        self._settings = settings
        self._clock = clock
        self._running = running
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="alerts-publisher")
        running.readiness.waiting(_PART, "it has not begun yet")

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def join(self) -> None:
        """Wait until it has stopped, after `running.stop` was set."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._running.stop.is_set():
                self._term()
        except Exception as error:  # noqa: BLE001  # a thread's end must end the process, or alerts stay unheard
            self.failure = error
            self._running.stop.set()
        finally:
            metrics.LEADER.set(0)

    def _term(self) -> None:
        try:
            with Outbox.open(self._settings.postgres_dsn.get_secret_value()) as outbox:
                if self._wait_for_lead(outbox):
                    self._lead(outbox)
        except Retryable as error:
            _log.warning("publishing waits", reason=str(error))
            self._running.readiness.waiting(_PART, str(error))
            self._running.stop.wait(_RETRY_S)
        finally:
            metrics.LEADER.set(0)

    def _wait_for_lead(self, outbox: Outbox) -> bool:
        said = False
        while not self._running.stop.is_set():
            if outbox.lead():
                return True
            if not said:
                _log.info("another replica publishes, this one stands by")
            said = True
            self._running.readiness.ready(_PART)
            self._running.stop.wait(_STAND_BY_S)
        return False

    def _lead(self, outbox: Outbox) -> None:
        settings = self._settings
        source = f"/cells/{settings.cell_id}/desk"
        with AlertTopic.take_over(settings.kafka_bootstrap, settings.transactional_id, source) as topic:
            mark = outbox.mark()
            published, next_offset = topic.published_since(mark.next_offset)
            _log.info("publishing", after_sequence=mark.sequence, found=len(published), next_offset=next_offset)
            metrics.LEADER.set(1)
            self._running.readiness.ready(_PART)
            while not self._running.stop.is_set():
                rows = outbox.after(mark.sequence)
                metrics.OUTBOX.set(len(rows))
                if not rows:
                    outbox.wait(_LOOK_S)
                    continue
                next_offset = self._publish(topic, unpublished(rows, published)) or next_offset
                mark = Mark(rows[-1].sequence, next_offset)
                outbox.settle(mark)

    def _publish(self, topic: AlertTopic, rows: Sequence[OutboxRow]) -> int | None:
        """The offset after them; None where there are none."""
        if not rows:
            return None
        next_offset = topic.publish(rows)
        now = self._clock.now_us()
        for row in rows:
            metrics.PUBLISH_SECONDS.observe(max(0, now - row.made_at) / 1_000_000)
        return next_offset
