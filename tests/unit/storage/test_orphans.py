"""Which live fragments are orphans, what recordings they make, and what was lost."""

import hashlib
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from vantage.contracts import Fragment
from vantage.contracts.base import Clock, Origin, Picture
from vantage.contracts.fragment import Frame
from vantage.fragment_digests import digests_of, trailer_length
from vantage.ids import fragment_id, recording_id
from vantage_storage.domain.ledger import Cause
from vantage_storage.domain.orphans import SLOT_US, Fetched, Ownerships, Search, before, judge, lost, recordings
from vantage_storage.domain.rebuilt import rebuild
from vantage_storage.domain.spans import Span

SECOND = 1_000_000
START = 1_790_000_000_000_000 // SLOT_US * SLOT_US
CAMERA = "hk1.one"
NOW = START + 600 * SECOND
GRACE = 240 * SECOND
GONE = Ownerships({1: START, 9: NOW}, NOW, GRACE)


def fragment(number: int, *, epoch: int = 1, **changes: Any) -> Fragment:
    start = START + number * SECOND
    return replace(
        Fragment(
            fragment_id=fragment_id(CAMERA, epoch, start),
            camera_id=CAMERA,
            epoch=epoch,
            sequence=number,
            start=start,
            duration=SECOND,
            clock=Clock(quality="ntp"),
            picture=Picture(codec="avc1.64001F", width=640, height=272),
            bucket="live",
            pack="hk1/0/one.pack",
            offset=0,
            length=10,
            init_length=4,
            sha256=hashlib.sha256(f"part {number}".encode()).hexdigest(),
            frames=[Frame(0, 6, keyframe=True)],
        ),
        **changes,
    )


def fetched(number: int, *, init: bytes = b"init", **changes: Any) -> Fetched:
    return Fetched(fragment(number, **changes), init, f"part {number}".encode())


def search(*covered: tuple[int, int], explained: Sequence[Cause] = ()) -> Search:
    """All ten minutes are looked at, but for what is covered, in seconds."""
    there = [(START + low * SECOND, START + high * SECOND) for low, high in covered]
    holes: list[Span] = []
    at = START
    for low, high in [*there, (NOW, NOW)]:
        holes += [(at, low)] if at < low else []
        at = high
    return Search(holes, there, explained)


def seconds(spans: Sequence[Span]) -> list[tuple[int, int]]:
    return [((low - START) // SECOND, (high - START) // SECOND) for low, high in spans]


class TestOwnership:
    def test_it_ends_when_a_later_one_is_heard_of(self) -> None:
        assert GONE.ended(1, NOW)
        assert not GONE.ended(9, NOW)

    def test_it_ends_by_a_silence_that_was_listened_to(self) -> None:
        heard = {1: NOW - GRACE - 1}
        assert Ownerships(heard, NOW - GRACE - 1, GRACE).ended(1, NOW)
        assert not Ownerships(heard, NOW - GRACE, GRACE).ended(1, NOW)
        assert not Ownerships({1: NOW - GRACE}, 0, GRACE).ended(1, NOW)

    def test_one_that_only_its_fragments_tell_of_was_heard_when_they_were(self) -> None:
        assert not Ownerships({1: NOW}, 0, GRACE).ended(2, NOW, NOW - GRACE)
        assert Ownerships({1: NOW}, 0, GRACE).ended(2, NOW, NOW - GRACE - 1)


class TestOrphans:
    def test_what_nobody_recorded_under_an_ended_ownership(self) -> None:
        verdict = judge([fragment(n) for n in (3, 1, 2, 1)], search((1, 2)), GONE, NOW)
        assert [[one.sequence for one in slot] for slot in verdict.slots] == [[2, 3]]
        assert not verdict.undecided

    def test_a_fragment_of_a_living_owner_is_not_decided(self) -> None:
        verdict = judge([fragment(1), fragment(2, epoch=9)], search(), GONE, NOW)
        assert [[one.epoch for one in slot] for slot in verdict.slots] == [[1]]
        assert verdict.undecided

    def test_one_that_is_recorded_in_part_is_missing(self) -> None:
        half = Search([(START, NOW)], [(START, START + SECOND // 2)], ())
        assert judge([fragment(0)], half, GONE, NOW).slots == [[fragment(0)]]

    def test_each_minute_and_each_epoch_is_a_slot(self) -> None:
        found = judge([fragment(59), fragment(60), fragment(60, epoch=2)], search(), GONE, NOW)
        assert [[(one.sequence, one.epoch) for one in slot] for slot in found.slots] == [
            [(59, 1)],
            [(60, 1)],
            [(60, 2)],
        ]


class TestRecordings:
    def test_what_follows_without_a_seam_is_one(self) -> None:
        assert [len(run) for run in recordings([fetched(n) for n in range(5)])] == [5]

    def test_a_seam_or_another_picture_origin_or_segment_begins_one(self) -> None:
        masked = Origin(coder="vantage", masks=["door"])
        large = Picture(codec="avc1.64001F", width=1280, height=720)
        slot = [
            fetched(0),
            fetched(2),
            fetched(3, init=b"tini"),
            fetched(4, origin=masked),
            fetched(5, picture=large),
        ]
        assert [len(run) for run in recordings(slot)] == [1, 1, 1, 1, 1]

    def test_it_holds_the_bytes_that_were_shown_and_wins_over_the_lost_one(self) -> None:
        run = [fetched(n) for n in range(3)]
        data, made = rebuild(run, None, "standard")
        assert data[: -trailer_length(3)] == b"initpart 0part 1part 2"
        assert digests_of(data[-trailer_length(3) :]) == [one.fragment.sha256 for one in run]
        assert (made.epoch, made.recording_id) == (2, recording_id(CAMERA, START, 2))
        assert [data[one.offset : one.offset + one.length] for one in made.fragments] == [
            b"part 0",
            b"part 1",
            b"part 2",
        ]
        assert made.sha256 == hashlib.sha256(data).hexdigest()
        assert rebuild(run, None, "standard") == (data, made)

    def test_its_clock_is_the_least_good_of_its_fragments(self) -> None:
        run = [fetched(0), fetched(1, clock=Clock(quality="none")), fetched(2)]
        assert rebuild(run, None, "standard")[1].clock.quality == "none"


class TestGapBefore:
    def test_none_where_something_is_directly_before_or_nothing_is_known(self) -> None:
        assert before(START + 5 * SECOND, search((0, 5)), []) is None
        assert before(START + 5 * SECOND, search(), []) is None
        assert before(START + 5 * SECOND, search((6, 7)), [(START, START + 5 * SECOND)]) is None

    def test_from_what_is_there_on_and_lost_with_its_node(self) -> None:
        found = before(START + 5 * SECOND, search((0, 2)), [(START + 2 * SECOND, START + 3 * SECOND)])
        assert found is not None
        assert (found.start, found.end, found.cause) == (START + 3 * SECOND, START + 5 * SECOND, "lost-with-node")

    def test_with_the_cause_that_the_camera_had(self) -> None:
        away = Cause(START + 3 * SECOND, START + 5 * SECOND, "camera-unreachable", "no route")
        found = before(START + 5 * SECOND, search((0, 3), explained=[away]), [])
        assert found == away


class TestLost:
    def test_all_that_was_read_and_that_nobody_has(self) -> None:
        place = search((0, 2))
        verdict = judge([fragment(n) for n in (1, 2, 3, 7, 8)], place, GONE, NOW)
        assert seconds(lost(verdict, place, [(START + 3 * SECOND, START + 4 * SECOND)])) == [(2, 3), (4, 9)]

    def test_not_what_has_another_cause(self) -> None:
        away = Cause(START + 4 * SECOND, START + 6 * SECOND, "camera-unreachable")
        place = search((0, 2), explained=[away])
        verdict = judge([fragment(n) for n in (2, 8)], place, GONE, NOW)
        assert seconds(lost(verdict, place, [])) == [(2, 4), (6, 9)]

    def test_nothing_of_an_owner_who_lives(self) -> None:
        verdict = judge([fragment(2, epoch=9)], search(), GONE, NOW)
        assert lost(verdict, search(), []) == []
