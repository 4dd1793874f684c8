"""What a hold is placed on, refused for, extended to and released by: the commands of the gateway."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest

from vantage.objects import S3ObjectStore
from vantage_storage.adapters.garbage import lock_erasure, mark_due
from vantage_storage.domain.day import DAY_US, day_of
from vantage_storage.domain.hold import hold_id

from .hold_tools import MINUTE_US, Held, MakeRecording


@pytest.fixture
def held(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: MakeRecording) -> Iterator[Held]:
    made = Held(environment, object_store, make_recording)
    yield made
    made.close()


class TestPlacing:
    def test_the_answer_says_what_is_covered_and_the_receipt_by_whom(self, held: Held) -> None:
        for ago in (10, 20, 30):
            held.film(ago * MINUTE_US)
        held.film(name="pier-2")
        wish = held.wish(decision_id="dec-1")
        status, answer = held.post("/v1/holds", wish)
        assert (status, answer["covered"], answer["too_late"], answer["state"]) == (201, 3, 0, "standing")
        assert answer["hold_id"] == hold_id("dec-1")
        (receipt,) = held.receipts("hold.placed")
        assert (receipt["decision"], receipt["requester"], receipt["approver"]) == ("dec-1", "ana", "bo")
        assert (receipt["case"], receipt["covered"]) == ("CASE-7", "3")

    def test_the_same_decision_is_done_once_and_answered_alike(self, held: Held) -> None:
        held.film()
        wish = held.wish()
        first = held.post("/v1/holds", wish)
        held.film(20 * MINUTE_US)
        again = held.post("/v1/holds", wish)
        assert (first[0], again[0]) == (201, 200)
        assert again[1] == first[1]
        assert len(held.rows("select from storage.holds")) == len(held.receipts("hold.placed")) == 1

    def test_the_same_decision_with_another_body_is_a_conflict(self, held: Held) -> None:
        wish = held.wish()
        held.post("/v1/holds", wish)
        status, problem = held.post("/v1/holds", {**wish, "case_ref": "CASE-8"})
        assert (status, problem["code"]) == (409, "decision-used")
        status, problem = held.release(hold_id(wish["decision_id"]), decision_id=wish["decision_id"])
        assert (status, problem["code"]) == (409, "decision-used")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"decision_id": ""}, "no-decision"),
            ({"requester": " "}, "no-requester"),
            ({"authority": ""}, "no-authority"),
            ({"case_ref": "  "}, "no-case"),
            ({"approver": ""}, "no-approver"),
            ({"approver": "ANA"}, "second-person-needed"),
            ({"kind": "court", "approver": ""}, "no-approver"),
            ({"kind": "access-request", "approver": "ana"}, "second-person-needed"),
            ({"cameras": []}, "no-cameras"),
            ({"cameras": ["hk9.elsewhere"]}, "not-our-camera"),
            ({"cameras": ["pier-1"]}, "not-our-camera"),
            ({"to_us": 5, "from_us": 5}, "window-empty"),
            ({"to_us": 4, "from_us": 5}, "window-empty"),
            ({"ends_us": None}, "no-end"),
            ({"ends_us": 1}, "end-passed"),
            ({"kind": "because"}, "unfit-values"),
            ({"lock": "none"}, "unfit-values"),
            ({"authority": "a\x00b"}, "unfit-values"),
            ({"case_ref": "x" * 201}, "unfit-values"),
            ({"to_us": 2**64}, "unfit-values"),
        ],
    )
    def test_what_lacks_a_ground_is_refused_with_what_to_send(
        self, held: Held, fields: dict[str, Any], code: str
    ) -> None:
        status, problem = held.post("/v1/holds", held.wish(**fields))
        assert (status, problem["code"]) == (422, code), problem
        assert problem["detail"]
        assert held.rows("select from storage.holds") == held.rows("select from storage.receipts") == []

    def test_an_end_beyond_the_longest_is_refused_and_the_longest_named(self, held: Held) -> None:
        longest = held.now_us + 730 * DAY_US
        status, problem = held.post("/v1/holds", held.wish(ends_us=longest + 1))
        assert (status, problem["code"]) == (422, "end-too-late")
        assert str(longest) in problem["detail"]
        assert held.post("/v1/holds", held.wish(ends_us=longest))[0] == 201


class TestAccessRequests:
    def test_one_is_held_at_intake_by_one_person_for_54_days(self, held: Held) -> None:
        status, answer = held.post("/v1/holds", held.wish(kind="access-request", approver="", ends_us=None))
        assert (status, answer["ends_us"]) == (201, held.now_us + 54 * DAY_US)

    def test_it_may_end_earlier_and_not_later(self, held: Held) -> None:
        wish = {"kind": "access-request", "approver": ""}
        assert held.post("/v1/holds", held.wish(**wish, ends_us=held.now_us + DAY_US))[0] == 201
        status, problem = held.post("/v1/holds", held.wish(**wish, ends_us=held.now_us + 54 * DAY_US + 1))
        assert (status, problem["code"]) == (422, "end-too-late")

    def test_no_extension_takes_it_beyond_54_days_from_intake(self, held: Held) -> None:
        placed_us = held.now_us
        of = held.hold(kind="access-request", approver="", ends_us=placed_us + DAY_US)
        held.clock.advance(3600)
        assert held.extend(of, placed_us + 54 * DAY_US)[0] == 200
        assert held.extend(of, placed_us + 54 * DAY_US + 1)[1]["code"] == "end-too-late"


class TestExtending:
    def test_a_later_end_is_taken_over_and_receipted(self, held: Held) -> None:
        of = held.hold()
        ends_us = held.now_us + 90 * DAY_US
        assert held.extend(of, ends_us, decision_id="dec-2")[1]["ends_us"] == ends_us
        assert held.extend(of, ends_us, decision_id="dec-2")[0] == 200
        assert held.shown(of)["ends_us"] == ends_us
        (receipt,) = held.receipts("hold.extended")
        assert (receipt["ends_us"], receipt["decision"]) == (str(ends_us), "dec-2")

    @pytest.mark.parametrize(
        ("days", "fields", "status", "code"),
        [
            (90, {"decision_id": ""}, 422, "no-decision"),
            (90, {"approver": ""}, 422, "no-approver"),
            (90, {"approver": "Ana"}, 422, "second-person-needed"),
            (60, {}, 422, "end-not-later"),
            (731, {}, 422, "end-too-late"),
        ],
    )
    def test_it_is_refused_as_placing_is(
        self, held: Held, days: int, fields: dict[str, Any], status: int, code: str
    ) -> None:
        of = held.hold()
        answer = held.extend(of, held.now_us + days * DAY_US, **fields)
        assert (answer[0], answer[1]["code"]) == (status, code)

    def test_a_hold_that_has_ended_is_not_extended(self, held: Held) -> None:
        of = held.hold(ends_us=held.now_us + DAY_US)
        held.clock.advance(86_400)
        assert held.extend(of, held.now_us + DAY_US)[1]["code"] == "hold-ended"
        held.round("holds")
        assert held.extend(of, held.now_us + DAY_US)[1]["code"] == "hold-ended"


class TestReleasing:
    def test_it_ends_at_once_and_the_receipt_says_why(self, held: Held) -> None:
        of = held.hold()
        held.clock.advance(1)
        status, answer = held.release(of, reason="the case was dropped")
        assert (status, answer["ended_us"], answer["end_reason"]) == (200, held.now_us, "the case was dropped")
        assert [one["action"] for one in held.receipts("hold.")] == ["hold.placed", "hold.released"]

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"decision_id": ""}, "no-decision"),
            ({"approver": ""}, "no-approver"),
            ({"approver": "ana"}, "second-person-needed"),
            ({"reason": ""}, "no-reason"),
        ],
    )
    def test_nobody_releases_alone_or_without_a_reason(self, held: Held, fields: dict[str, Any], code: str) -> None:
        of = held.hold()
        assert held.release(of, **fields)[1]["code"] == code
        assert held.shown(of)["state"] == "standing"

    def test_it_is_done_once(self, held: Held) -> None:
        of = held.hold()
        first = held.release(of, decision_id="dec-2")
        assert held.release(of, decision_id="dec-2") == first
        status, problem = held.release(of)
        assert (status, problem["code"]) == (409, "hold-ended")

    def test_what_is_not_there_is_said_to_be_so(self, held: Held) -> None:
        assert held.release("hld_none")[0] == 404
        assert held.get("/v1/holds/hld_none")[1]["code"] == "no-such-hold"


class TestListing:
    def test_pages_follow_one_another_and_leave_nothing_out(self, held: Held) -> None:
        made = [held.hold() for _ in range(5)]
        seen: list[str] = []
        after = ""
        while True:
            _, page = held.get(f"/v1/holds?limit=2&after={after}")
            seen += [one["hold_id"] for one in page["holds"]]
            after = page["next"]
            if after is None:
                break
        assert sorted(seen) == sorted(made)
        assert len(seen) == len(made)

    @pytest.mark.parametrize("path", ["?after=x", "?after=1.%00", "?limit=0", "/%00", "/HLD"])
    def test_what_no_page_or_hold_can_be_is_refused(self, held: Held, path: str) -> None:
        status, problem = held.get(f"/v1/holds{path}")
        assert (status, problem["code"]) == (422, "unfit-values")


class TestRacingWithErasure:
    """Marking and placing take turns: what is covered stays, and what was too late is counted."""

    def test_a_hold_that_comes_while_rows_are_marked_waits_and_counts_them(self, held: Held) -> None:
        old = held.film(60 * MINUTE_US)
        answers: list[Any] = []
        wish = held.wish()
        placing = threading.Thread(target=lambda: answers.append(held.post("/v1/holds", wish)))
        with psycopg.connect(held.parts.dsn) as connection:
            mark_due(connection, day_of(old.start), ("", -1, -1), {"standard": old.end})
            placing.start()
            placing.join(0.5)
            assert answers == []
        placing.join(30)
        assert (answers[0][1]["covered"], answers[0][1]["too_late"]) == (0, 1)

    def test_rows_that_a_hold_covers_are_not_marked_by_whoever_waited_for_it(self, held: Held) -> None:
        old = held.film(60 * MINUTE_US)
        marked: list[Any] = []

        def mark() -> None:
            with psycopg.connect(held.parts.dsn) as connection:
                marked.append(list(mark_due(connection, day_of(old.start), ("", -1, -1), {"standard": old.end})))

        marking = threading.Thread(target=mark)
        with psycopg.connect(held.parts.dsn) as connection:
            lock_erasure(connection)
            marking.start()
            marking.join(0.5)
            assert marked == []
            wish = held.wish()
            connection.execute(
                "insert into storage.holds (hold_id, kind, case_ref, authority, cameras, from_us, to_us, ends_us,"
                " requester, approver, placed_us) values ('hld', 'case', 'c', 'a', %s, %s, %s, %s, 'ana', 'bo', %s)",
                [wish["cameras"], wish["from_us"], wish["to_us"], wish["ends_us"], held.now_us],
            )
        marking.join(30)
        assert marked == [[]]
        assert held.rows("select garbage from storage.recordings") == [(False,)]


class TestReaders:
    def test_a_reader_sees_the_views_and_nothing_else(self, held: Held, database: Any) -> None:
        of = held.hold()
        held.film()
        held.round("evidence")
        with psycopg.connect(database.admin_dsn) as connection:
            connection.execute("set role vantage_reader")
            assert connection.execute("select hold_id, case_ref from storage.holds_v1").fetchall() == [(of, "CASE-7")]
            row = connection.execute("select hold_id, kind, case_ref, bucket from storage.evidence_v1").fetchone()
            assert row == (of, "case", "CASE-7", "evidence")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select from storage.evidence")
