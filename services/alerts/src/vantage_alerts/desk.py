"""The desk: takes findings into alerts. It may take a finding twice; only the first time changes anything."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from vantage.clock import Clock
from vantage.contracts import Camera, Finding
from vantage.contracts.base import Place
from vantage.stream import Handler, Outgoing, Received
from vantage_alerts import metrics
from vantage_alerts.domain.standing import Standing, advance


class Book(Protocol):
    """The alerts of one transaction."""

    def get(self, alert_id: str) -> Standing | None:
        """How the alert stands."""

    def record(self, standing: Standing, trace: str) -> None:
        """How it stands now."""


class Alerts(Protocol):
    """Where alerts are kept."""

    def change(self, alert_ids: Sequence[str]) -> AbstractContextManager[Book]:
        """A transaction over these alerts, committed at the block's end. Raises Retryable where it cannot be."""


class Cameras(Protocol):
    """Where a camera is looked up."""

    def get(self, key: str) -> Camera | None:
        """The camera of that id."""


class Desk(Handler[Finding]):
    """Records each batch of findings in one transaction; what it changed is published from the outbox."""

    def __init__(self, alerts: Alerts, cameras: Cameras, clock: Clock) -> None:
        self._alerts = alerts
        self._cameras = cameras
        self._clock = clock

    def handle(self, batch: Sequence[Received[Finding]]) -> Iterable[Outgoing]:
        """Record; nothing is published from here, because only the outbox knows the order. Raises Retryable."""
        changes: list[Standing] = []
        with self._alerts.change(sorted({received.message.alert_id for received in batch})) as book:
            for received in batch:
                changes += self._take(book, received)
        for standing in changes:
            metrics.CHANGES.labels(standing.event.change).inc()
        return ()

    def _take(self, book: Book, received: Received[Finding]) -> list[Standing]:
        finding = received.message
        changes = list(advance(book.get(finding.alert_id), finding, self._place(finding), self._clock.now_us()))
        for standing in changes:
            book.record(standing, received.headers.get("traceparent", ""))
        return changes

    def _place(self, finding: Finding) -> Place | None:
        camera = self._cameras.get(finding.camera_id)
        return camera.place if camera is not None else None
