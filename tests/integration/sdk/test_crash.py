"""A worker may be killed at any moment: each message has its effect, and what came out of it is published."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from vantage.contracts import AuditRecord, decode

if TYPE_CHECKING:
    from tests.integration.sdk.conftest import Log, Until, Worker

    Make = Callable[..., Worker]

COUNT = 60


def receipts(log: Log, since: dict[int, int]) -> set[str]:
    messages = [decode("audit.v1", one.value() or b"") for one in log.read("audit.v1", since)]
    mine = [one for one in messages if isinstance(one, AuditRecord) and one.actor == log.actor]
    return {one.record_id for one in mine if one.kind == "receipt"}


def test_each_message_has_its_effect_and_its_output_over_kills(log: Log, worker: Make, until: Until) -> None:
    group, since, wanted = log.group(), log.ends(), log.decisions(COUNT)
    log.write(*wanted)
    for killed_after in (5, 25, 45):
        one = worker(group, pace_s="0.02")
        until(lambda: len(one.effects()) >= killed_after, "the worker is in the middle of a batch")  # noqa: B023
        one.kill()
    last = worker(group)
    until(lambda: log.committed(group) == log.ends(), "the last worker has committed all")
    last.process.send_signal(signal.SIGTERM)
    assert last.process.wait(30) == 0, last.output()

    assert set(last.effects()) == {one.record_id for one in wanted}
    assert receipts(log, since) == {f"receipt-{one.record_id}" for one in wanted}
    assert len(last.effects()) > COUNT, "no kill hit a batch: the test shows nothing"


def test_a_second_replica_takes_over_from_one_that_was_killed(log: Log, worker: Make, until: Until) -> None:
    group = log.group()
    first, second = worker(group, "one"), worker(group, "two")
    until(lambda: second.output().count("partitions assigned") >= 2, "both replicas are in the group")
    first.kill()
    wanted = log.decisions(COUNT)
    log.write(*wanted, spread=True)
    until(lambda: set(second.effects()) == {one.record_id for one in wanted}, "the other has done it all")
    assert second.process.poll() is None


def test_stops_cleanly_and_leaves_nothing_done_uncommitted(log: Log, worker: Make, until: Until) -> None:
    group = log.group()
    wanted = log.decisions(200)
    one = worker(group, pace_s="0.02")
    log.write(*wanted)
    until(lambda: len(one.effects()) >= 5, "the worker is in the middle of a batch")
    one.process.send_signal(signal.SIGTERM)
    one.process.send_signal(signal.SIGINT)  # a second signal, as from a terminal, changes nothing
    assert one.process.wait(30) == 0, one.output()
    done = one.effects()

    again = worker(group)
    until(lambda: set(one.effects()) == {record.record_id for record in wanted}, "all are done")
    again.kill()
    assert len(one.effects()) == len(wanted), f"{len(done)} were done and committed, none may be done again"


def test_a_release_that_fails_at_everything_stops_with_nothing_committed(log: Log, worker: Make) -> None:
    group, before = log.group(), None
    log.write(*log.decisions(100))
    before = log.committed(group)
    one = worker(group, fails="true")

    assert one.process.wait(60) == 70, one.output()
    assert log.committed(group) == before
    assert "Mend or roll back" in one.output().splitlines()[-1]
    assert "Traceback" not in one.output().splitlines()[-1]
