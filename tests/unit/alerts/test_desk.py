"""The desk's handler: a batch is one transaction, and a batch that comes again changes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from vantage.clock import ManualClock
from vantage.contracts import Camera, Finding
from vantage.errors import Retryable
from vantage.stream import Received
from vantage_alerts.desk import Desk
from vantage_alerts.domain.standing import Standing
from vantage_alerts.domain.state import CameraState
from vantage_alerts.domain.watch import judge, watches


class MemoryBook:
    """A transaction that is thrown away unless its block ends well."""

    def __init__(self, standings: dict[str, Standing]) -> None:
        self.standings = dict(standings)
        self.changes: list[tuple[Standing, str]] = []

    def get(self, alert_id: str) -> Standing | None:
        return self.standings.get(alert_id)

    def record(self, standing: Standing, trace: str) -> None:
        self.standings[standing.event.alert_id] = standing
        self.changes.append((standing, trace))


class MemoryAlerts:
    """Alerts in memory; `away` makes the commit fail."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.outbox: list[tuple[Standing, str]] = []
        self.transactions = 0
        self.away = False

    @contextmanager
    def change(self, alert_ids: Sequence[str]) -> Iterator[MemoryBook]:
        book = MemoryBook({key: self.standings[key] for key in alert_ids if key in self.standings})
        yield book
        if self.away:
            msg = "the database is away"
            raise Retryable(msg)
        self.standings |= book.standings
        self.outbox += book.changes
        self.transactions += 1


class Cameras:
    """One camera."""

    def __init__(self, camera: Camera | None) -> None:
        self.camera = camera

    def get(self, key: str) -> Camera | None:
        return self.camera if self.camera and self.camera.camera_id == key else None


def batch(street: Any) -> list[Received[Finding]]:
    frames = [street.frame(0, 1), street.frame(1, 2), street.frame(2, 0)]
    watched = watches(street.camera(), [street.intrusion(clear=0), street.crowd(2, clear=0)])
    findings = judge(CameraState(), street.message(*frames), watched, street.at(3)).findings
    return [
        Received(finding, "findings.v1", 0, offset, finding.camera_id, 0, {"traceparent": f"trace-{offset}"})
        for offset, finding in enumerate(findings)
    ]


def test_a_batch_is_one_transaction_with_a_change_for_each_step(street: Any) -> None:
    alerts = MemoryAlerts()
    assert list(Desk(alerts, Cameras(street.camera()), ManualClock()).handle(batch(street))) == []
    assert alerts.transactions == 1
    changes = [standing.event.change for standing, _ in alerts.outbox]
    assert sorted(changes) == ["ended", "ended", "raised", "raised", "updated"]
    assert [trace for _, trace in alerts.outbox] == [f"trace-{offset}" for offset in range(5)]
    assert alerts.outbox[0][0].event.place == street.camera().place


def test_a_batch_that_comes_again_changes_nothing(street: Any) -> None:
    alerts = MemoryAlerts()
    desk = Desk(alerts, Cameras(None), ManualClock())
    desk.handle(batch(street))
    desk.handle(batch(street))
    assert len(alerts.outbox) == 5
    assert alerts.outbox[0][0].event.place is None


def test_a_database_that_is_away_keeps_the_whole_batch(street: Any) -> None:
    alerts = MemoryAlerts()
    desk = Desk(alerts, Cameras(None), ManualClock())
    alerts.away = True
    with pytest.raises(Retryable):
        desk.handle(batch(street))
    assert alerts.outbox == []
    alerts.away = False
    desk.handle(batch(street))
    assert len(alerts.outbox) == 5
