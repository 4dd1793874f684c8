"""Decisions are confirmed only when the broker has them; a failure is told to every caller of its batch."""

import threading
from collections.abc import Iterator

import pytest

from vantage.contracts import AuditRecord
from vantage.contracts import Message as Contract
from vantage.errors import BrokerUnavailable, PublishFailed
from vantage_api.adapters.audit_log import KafkaAuditLog
from vantage_api.errors import AuditUnavailable

PATIENCE_S = 20


class HeldPublisher:
    """A publisher whose confirmation is held until it is let go."""

    def __init__(self) -> None:
        self.published: list[Contract] = []
        self.failure: Exception | None = None
        self.flushes = 0
        self.go = threading.Event()
        self.flushing = threading.Event()

    def publish(self, topic: str, message: Contract) -> None:
        self.published.append(message)

    def flush(self, timeout: float) -> None:
        self.flushes += 1
        self.flushing.set()
        self.go.wait(PATIENCE_S)
        if self.failure:
            raise self.failure


@pytest.fixture
def publisher() -> HeldPublisher:
    return HeldPublisher()


@pytest.fixture
def log(publisher: HeldPublisher) -> Iterator[KafkaAuditLog]:
    made = KafkaAuditLog(publisher, patience_s=PATIENCE_S)
    made.start()
    yield made
    publisher.go.set()
    made.stop()


def record(number: int) -> AuditRecord:
    return AuditRecord(
        record_id=f"dec_{number}", at=number, actor="ann", kind="decision", action="a", resource="r", decision="allow"
    )


def test_a_record_is_done_only_after_the_flush(log: KafkaAuditLog, publisher: HeldPublisher) -> None:
    done = log.record(record(1))
    assert publisher.flushing.wait(PATIENCE_S)
    assert not done.done()
    publisher.go.set()
    assert done.result(PATIENCE_S) is None


def test_those_that_come_during_a_flush_share_the_next(log: KafkaAuditLog, publisher: HeldPublisher) -> None:
    first = log.record(record(0))
    assert publisher.flushing.wait(PATIENCE_S)
    others = [log.record(record(number)) for number in range(1, 50)]
    publisher.go.set()
    for done in [first, *others]:
        done.result(PATIENCE_S)
    assert publisher.published == [record(number) for number in range(50)]
    assert publisher.flushes == 2


@pytest.mark.parametrize("failure", [BrokerUnavailable("away"), PublishFailed("no such topic")])
def test_a_failed_flush_fails_every_record_of_it(
    log: KafkaAuditLog, publisher: HeldPublisher, failure: Exception
) -> None:
    publisher.failure = failure
    first = log.record(record(0))
    assert publisher.flushing.wait(PATIENCE_S)
    others = [log.record(record(number)) for number in range(1, 5)]
    publisher.go.set()
    for done in [first, *others]:
        with pytest.raises(AuditUnavailable):
            done.result(PATIENCE_S)


def test_it_goes_on_after_a_failure(log: KafkaAuditLog, publisher: HeldPublisher) -> None:
    publisher.failure = BrokerUnavailable("away")
    publisher.go.set()
    with pytest.raises(AuditUnavailable):
        log.record(record(0)).result(PATIENCE_S)
    publisher.failure = None
    assert log.record(record(1)).result(PATIENCE_S) is None


def test_more_than_can_wait_are_refused_at_once(log: KafkaAuditLog, publisher: HeldPublisher) -> None:
    waiting = [log.record(record(number)) for number in range(3_000)]
    refused = [done for done in waiting if done.done()]
    assert refused
    with pytest.raises(AuditUnavailable, match="wait to be recorded"):
        refused[0].result(0)


def test_a_stop_writes_what_waits(publisher: HeldPublisher) -> None:
    log = KafkaAuditLog(publisher, patience_s=PATIENCE_S)
    waiting = [log.record(record(number)) for number in range(3)]
    publisher.go.set()
    log.start()
    log.stop()
    assert all(done.done() for done in waiting)
    assert len(publisher.published) == 3


def test_a_caller_who_has_gone_does_not_stop_the_log(log: KafkaAuditLog, publisher: HeldPublisher) -> None:
    gone = log.record(record(0))
    gone.cancel()
    publisher.go.set()
    assert log.record(record(1)).result(PATIENCE_S) is None
