"""What the tests of the custodian share: an event log that can be away, and records by whom and what."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from vantage.contracts import AuditRecord
from vantage.contracts import Message as Contract
from vantage.errors import BrokerUnavailable
from vantage_keys.adapters.trail import Trail


class Log:
    """Keeps what was flushed; while `away`, nothing is."""

    def __init__(self) -> None:
        self.away = False
        self.said: list[AuditRecord] = []
        self._queued: list[AuditRecord] = []

    def publish(self, topic: str, message: Contract) -> None:
        assert topic == "audit.v1"
        assert isinstance(message, AuditRecord)
        self._queued.append(message)

    def flush(self, timeout: float) -> None:
        queued, self._queued = self._queued, []
        if self.away:
            msg = "Kafka is away"
            raise BrokerUnavailable(msg)
        self.said += queued

    def told(self) -> list[tuple[str, str, str | None, str]]:
        return told(self.said)


def told(records: Iterable[AuditRecord]) -> list[tuple[str, str, str | None, str]]:
    return [(one.actor, one.action, one.decision, one.resource) for one in records]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def trail(log: Log, tmp_path: Path) -> Iterator[Trail]:
    made = Trail(tmp_path / "journal", log, 1.0)
    made.start()
    yield made
    made.stop()
