"""Slow work, parts that are away, replicas that come and go: no membership is lost, no message, and not their order."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from vantage.contracts import AuditRecord
from vantage.errors import Fenced, StoreUnavailable
from vantage.stream import Handler, Outgoing, Received, loop, membership

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.sdk.conftest import Log, Recorder, Start, Until


def away() -> None:
    msg = "the store is away"
    raise StoreUnavailable(msg)


def gained(handler: Recorder) -> set[str]:
    """The numbers of the partitions that it has."""
    held: set[str] = set()
    for call in list(handler.calls):
        verb, number = call.split()
        (held.add if verb == "assigned" else held.discard)(number)
    return held


class TestSlowWork:
    def test_a_batch_longer_than_the_poll_interval_costs_no_membership(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group, handler = log.group(), recorder(log.actor, lambda _message: time.sleep(7))
        log.write(*log.decisions(1))
        start(handler, group, max_poll_interval_ms=6000)

        until(lambda: log.committed(group) == log.ends(), "the slow batch is committed")
        assert handler.seen == [0]
        assert not [call for call in handler.calls if call.startswith("revoked")]

    def test_the_handler_is_called_in_one_thread_only(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group, handler = log.group(), recorder(log.actor)
        log.write(*log.decisions(8), spread=True)
        running = start(handler, group)
        until(lambda: len(handler.seen) == 8, "all are handled")
        running.end()
        assert {call.split()[0] for call in handler.calls} == {"assigned", "revoked"}
        assert handler.threads == {"test-handler"}

    def test_idle_turns_come_under_load_too(self, log: Log, start: Start, until: Until) -> None:
        class Busy(Handler[AuditRecord]):
            turns: list[str]

            def __init__(self) -> None:
                self.turns = []

            def handle(self, batch: Sequence[Received[AuditRecord]]) -> Sequence[Outgoing]:
                time.sleep(0.02 * len(batch))
                self.turns += ["message" for one in batch if one.message.actor == log.actor]
                return ()

            def idle(self) -> Sequence[Outgoing]:
                self.turns.append("idle")
                return ()

        handler, group = Busy(), log.group()
        log.write(*log.decisions(60))
        start(handler, group, batch_size=1, wait_s=0.1)
        until(lambda: handler.turns.count("message") == 60, "all are handled")
        first, last = handler.turns.index("message"), len(handler.turns) - handler.turns[::-1].index("message")
        assert handler.turns[first:last].count("idle") >= 3


class TestAPartThatIsAway:
    def test_the_batch_is_kept_in_order_until_the_part_is_back(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        back = threading.Event()
        group = log.group()
        handler = recorder(log.actor, lambda message: None if message.at < 5 or back.is_set() else away())
        log.write(*log.decisions(10))
        running = start(handler, group, batch_size=3)

        until(lambda: "batch" in running.readiness.reasons(), "the loop waits")
        assert running.readiness.reasons()["batch"] == "the store is away"
        log.write(*log.decisions(12)[10:])
        back.set()
        until(lambda: log.committed(group) == log.ends(), "all is committed")
        assert list(dict.fromkeys(handler.seen)) == list(range(12))
        assert running.readiness.reasons() == {}

    def test_a_stop_ends_the_wait_and_commits_nothing_of_the_batch(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group = log.group()
        before = log.committed(group)
        log.write(*log.decisions(3))
        running = start(recorder(log.actor, lambda _message: away()), group)
        until(lambda: "batch" in running.readiness.reasons(), "the loop waits")
        running.end()
        assert log.committed(group) == before

    def test_a_retryable_in_an_idle_turn_is_waited_out(self, log: Log, start: Start, until: Until) -> None:
        class Tidy(Handler[AuditRecord]):
            tries = 0

            def idle(self) -> Sequence[Outgoing]:
                self.tries += 1
                if self.tries == 1:
                    away()
                return ()

        handler = Tidy()
        running = start(handler, log.group())
        until(lambda: handler.tries >= 3, "idle turns go on")
        assert running.errors == []

    def test_a_partition_taken_away_during_the_wait_goes_to_its_new_owner(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        back = threading.Event()
        group = log.group()
        first = recorder(log.actor, lambda _message: None if back.is_set() else away())
        second = recorder(log.actor)
        log.write(*log.decisions(40), spread=True)
        waiting = start(first, group, replica="one")
        until(lambda: "batch" in waiting.readiness.reasons(), "the first replica waits")

        start(second, group, replica="two")
        until(lambda: len(second.seen) == 20, "the second has done its half")
        back.set()
        until(lambda: log.committed(group) == log.ends(), "all is committed")
        assert sorted(first.seen + second.seen) == list(range(40)), (
            "each by one replica, since none had failed half way"
        )


class TestReplicas:
    def test_a_hand_over_finishes_the_batch_in_hand_first(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group = log.group()
        begun = threading.Event()

        def slowly(_message: AuditRecord) -> None:
            begun.set()
            time.sleep(0.05)

        first, second = recorder(log.actor, slowly), recorder(log.actor)
        start(first, group, replica="one")
        until(lambda: len(gained(first)) == 4, "the first replica has all partitions")
        log.write(*log.decisions(40), spread=True)
        assert begun.wait(30)
        start(second, group, replica="two")
        until(lambda: len(gained(second)) == 2, "the second replica has its share")
        until(lambda: log.committed(group) == log.ends(), "all is committed")
        assert sorted(first.seen + second.seen) == list(range(40))

    def test_a_replica_that_stops_hands_back_to_itself(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group = log.group()
        start(recorder(log.actor), group).end()
        again = recorder(log.actor)
        log.write(*log.decisions(4), spread=True)
        start(again, group)
        until(lambda: sorted(again.seen) == [0, 1, 2, 3], "the next start goes on")
        assert len(gained(again)) == 4

    def test_one_that_is_killed_in_the_middle_of_a_hand_over_leaves_no_partition_to_nobody(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group, second = log.group(), recorder(log.actor)
        killed = log.member(group, "test-one")
        killed.subscribe(["audit.v1"])
        until(lambda: killed.poll(0.1) is None and len(killed.assignment()) == 4, "the first has all partitions")
        waiting = start(second, group, replica="two")
        until(
            lambda: waiting.readiness.reasons() == {}, "half of them is to be taken from the first, which is not asked"
        )
        killed.close()  # a static member leaves without a word, as by a kill

        again = recorder(log.actor)
        log.write(*log.decisions(8), spread=True)
        start(again, group, replica="one")
        until(lambda: sorted(again.seen + second.seen) == list(range(8)), "every partition has an owner")

    def test_two_processes_under_one_name_are_told(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group = log.group()
        first = start(recorder(log.actor), group)
        until(lambda: first.readiness.reasons() == {}, "the first is in the group")
        start(recorder(log.actor), group)
        with pytest.raises(Fenced, match="VANTAGE_REPLICA"):
            first.join()


class TestStopping:
    def test_a_handler_that_hangs_does_not_hold_up_the_end(
        self, log: Log, start: Start, recorder: type[Recorder], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(loop, "_STOP_WAIT_S", 0.5)
        monkeypatch.setattr(membership, "_REVOKE_WAIT_S", 0.5)
        begun, released, group = threading.Event(), threading.Event(), log.group()
        before = log.committed(group)

        def hang(_message: AuditRecord) -> None:
            begun.set()
            released.wait(60)

        log.write(*log.decisions(1))
        running = start(recorder(log.actor, hang), group)
        assert begun.wait(30)
        running.end()
        released.set()
        assert log.committed(group) == before

    def test_last_words_are_published_when_partitions_go(self, log: Log, start: Start, until: Until) -> None:
        class Parting(Handler[AuditRecord]):
            def revoked(self, topic: str, partitions: Sequence[int]) -> Sequence[Outgoing]:
                return [Outgoing(topic, record) for record in log.decisions(1)]

            def handle(self, batch: Sequence[Received[AuditRecord]]) -> Sequence[Outgoing]:
                return ()

        since = log.ends()
        running = start(Parting(), log.group())
        until(lambda: running.readiness.reasons() == {}, "it has partitions")
        running.end()
        assert [one.key() for one in log.read("audit.v1", since)] == [log.actor.encode()]
