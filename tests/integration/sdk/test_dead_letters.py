"""What can never be handled is kept as it was, says why it is there, and holds up nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from vantage.contracts import AuditRecord
from vantage.errors import DeadLetterLimit
from vantage.stream import Handler, Outgoing, Poison, Received
from vantage.stream.dead_letters import original_headers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import Message as Record

    from tests.integration.sdk.conftest import Log, Recorder, Start, Until

DLQ = "audit.v1.dlq"


def letters(log: Log, since: dict[int, int]) -> list[Record]:
    return [one for one in log.read(DLQ, since) if one.key() == log.actor.encode()]


def headers(record: Record) -> dict[str, bytes]:
    return dict(original_headers(record))


class Choosy(Handler[AuditRecord]):
    """Calls some messages poison."""

    def __init__(self, poison: set[int]) -> None:
        self._poison = poison
        self.seen: list[int] = []

    def handle(self, batch: Sequence[Received[AuditRecord]]) -> Sequence[Outgoing]:
        for one in batch:
            if one.message.at in self._poison:
                raise Poison(one, f"nobody wants {one.message.at}")
        self.seen += [one.message.at for one in batch]
        return ()


class TestWhatBecomesOfIt:
    def test_an_undecodable_message_is_kept_with_its_bytes_headers_and_reason(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        group, since, handler = log.group(), log.ends(DLQ), recorder(log.actor)
        log.write(b"\xff not json", traceparent=b"00-1-2-00", custom=b"\x00\x01")
        log.write(*log.decisions(3))
        start(handler, group)

        until(lambda: log.committed(group) == log.ends(), "all is committed")
        (letter,) = letters(log, since)
        assert letter.value() == b"\xff not json"
        found = headers(letter)
        assert found["custom"] == b"\x00\x01"
        assert found["traceparent"] == b"00-1-2-00"
        assert found["service"] == b"test"
        assert found["topic"] == b"audit.v1"
        assert b"audit.v1" in found["error"]
        assert int(found["offset"]) < log.ends()[int(found["partition"])]
        assert handler.seen == [0, 1, 2]

    def test_poison_is_taken_out_and_the_rest_of_its_batch_goes_on_in_order(
        self, log: Log, start: Start, until: Until
    ) -> None:
        group, since, handler = log.group(), log.ends(DLQ), Choosy({2, 5})
        log.write(*log.decisions(8))
        start(handler, group)

        until(lambda: log.committed(group) == log.ends(), "all is committed")
        assert handler.seen == [0, 1, 3, 4, 6, 7]
        assert [headers(one)["error"] for one in letters(log, since)] == [b"nobody wants 2", b"nobody wants 5"]

    def test_a_message_that_makes_the_handler_fail_is_found_among_the_others(
        self, log: Log, start: Start, until: Until, recorder: type[Recorder]
    ) -> None:
        def fail(message: AuditRecord) -> None:
            if message.at == 11:
                msg = "cannot do eleven"
                raise ZeroDivisionError(msg)

        group, since, handler = log.group(), log.ends(DLQ), recorder(log.actor, fail)
        log.write(*log.decisions(16))
        start(handler, group)

        until(lambda: log.committed(group) == log.ends(), "all is committed")
        (letter,) = letters(log, since)
        assert headers(letter)["error"] == b"ZeroDivisionError: cannot do eleven"
        assert set(handler.seen) == set(range(16)) - {11}

    def test_a_message_whose_outcome_is_too_large_to_publish_does_not_stop_the_service(
        self, log: Log, start: Start, until: Until
    ) -> None:
        class Swelling(Handler[AuditRecord]):
            def handle(self, batch: Sequence[Received[AuditRecord]]) -> Sequence[Outgoing]:
                large = {"x": "y" * 2_000_000}
                return [
                    Outgoing("audit.v1", msgspec.structs.replace(one.message, kind="receipt", detail=large))
                    for one in batch
                    if one.message.at == 1 and one.message.kind == "decision"
                ]

        group, since = log.group(), log.ends(DLQ)
        log.write(*log.decisions(3))
        start(Swelling(), group)

        until(lambda: log.committed(group) == log.ends(), "all is committed")
        (letter,) = letters(log, since)
        assert headers(letter)["error"].startswith(b"MessageRefused")


class TestTheLimit:
    def test_stops_before_a_bad_release_sends_everything_away(
        self, log: Log, start: Start, recorder: type[Recorder]
    ) -> None:
        def fail(message: AuditRecord) -> None:
            raise ValueError(message.record_id)

        group, since = log.group(), log.ends(DLQ)
        before = log.committed(group)
        log.write(*log.decisions(40))
        with pytest.raises(DeadLetterLimit, match="nothing of this batch is committed"):
            start(recorder(log.actor, fail), group).join()
        assert log.committed(group) == before
        assert len(letters(log, since)) <= 10

    def test_a_batch_full_of_garbage_sends_none_of_it_away(
        self, log: Log, start: Start, recorder: type[Recorder]
    ) -> None:
        group, since = log.group(), log.ends(DLQ)
        log.write(*[b"garbage"] * 40)
        with pytest.raises(DeadLetterLimit, match="garbage"):
            start(recorder(log.actor), group).join()
        assert letters(log, since) == []
