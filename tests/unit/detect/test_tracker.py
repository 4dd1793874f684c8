"""Objects are followed through one camera's picture: one number each, never two in a frame, none for ever."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vantage_detect.domain.candidates import Sighting
from vantage_detect.domain.tracker import Tracker

LOOK = 200_000
LOST = 2_000_000


def person(left: int, *, score: float = 0.8, label: str = "person", top: int = 20_000) -> Sighting:
    return Sighting(label, score, (left, top, left + 3000, top + 12_000))


def numbers(tracker: Tracker, looks: list[list[Sighting]]) -> list[list[int | None]]:
    return [tracker.look(turn * LOOK, seen)[0] for turn, seen in enumerate(looks)]


class TestFollowing:
    def test_a_second_look_confirms_and_numbers_begin_at_one(self) -> None:
        walk = [[person(10_000 + turn * 500)] for turn in range(4)]
        assert numbers(Tracker(LOST), walk) == [[None], [1], [1], [1]]

    def test_what_is_seen_once_is_no_track(self) -> None:
        tracker = Tracker(LOST)
        assert numbers(tracker, [[person(10_000)], [], [], []])[-1] == []
        assert tracker.end() == []
        assert len(tracker) == 0

    def test_two_that_meet_keep_their_numbers(self) -> None:
        tracker = Tracker(LOST)
        crossing = [[person(10_000 + turn * 600), person(25_000 - turn * 600, top=23_000)] for turn in range(26)]
        found = numbers(tracker, crossing)
        assert found[2] == found[-1]

    def test_an_unsure_sighting_keeps_a_track_and_begins_none(self) -> None:
        tracker = Tracker(LOST)
        walk = [[person(10_000 + turn * 300, score=0.3 if turn in {3, 4} else 0.8)] for turn in range(7)]
        assert [found[0] for found in numbers(tracker, walk)] == [None, 1, 1, 1, 1, 1, 1]
        assert numbers(Tracker(LOST), [[person(10_000, score=0.3)]] * 5) == [[None]] * 5

    def test_a_short_absence_is_bridged_and_a_long_one_is_not(self) -> None:
        tracker = Tracker(LOST)
        for turn in range(5):
            tracker.look(turn * LOOK, [person(10_000)])
        assert tracker.look(10 * LOOK, [person(10_000)]) == ([1], [])
        found, ended = tracker.look(30 * LOOK, [person(10_000)])
        assert found == [None]
        assert [(one.number, one.end_us) for one in ended] == [(1, 10 * LOOK)]

    def test_labels_are_never_joined(self) -> None:
        both = [[person(10_000), person(10_000, label="bicycle")]] * 3
        assert sorted(filter(None, numbers(Tracker(LOST), both)[-1])) == [1, 2]
        change = [[person(10_000)]] * 3 + [[person(10_000, label="bicycle")]] * 2
        assert numbers(Tracker(LOST), change) == [[None], [1], [1], [None], [2]]

    def test_numbers_begin_where_they_are_told(self) -> None:
        assert numbers(Tracker(LOST, first_number=5001), [[person(10_000)]] * 2) == [[None], [5001]]


class TestEnding:
    def test_says_what_it_was(self) -> None:
        tracker = Tracker(LOST)
        numbers(tracker, [[person(20_000 + turn * 100, score=0.6 + 0.1 * (turn % 2))] for turn in range(10)])
        (track,) = tracker.end("handover")
        assert (track.number, track.label, track.observations) == (1, "person", 10)
        assert (track.start_us, track.end_us, track.ended) == (0, 9 * LOOK, "handover")
        assert track.score == pytest.approx(0.65)
        assert [point.at_us for point in track.path] == [0, 9 * LOOK]

    @pytest.mark.parametrize(("step", "ended"), [(-1500, "left"), (0, "lost")])
    def test_tells_who_left_the_picture_from_who_was_lost_in_it(self, step: int, ended: str) -> None:
        tracker = Tracker(LOST)
        numbers(tracker, [[person(20_000 + turn * step)] for turn in range(14)])
        (track,) = tracker.look(20_000_000, [])[1]
        assert track.ended == ended

    def test_memory_is_bounded(self) -> None:
        tracker, chance = Tracker(LOST), random.Random(7)  # noqa: S311
        for turn in range(60):
            crowd = [person(chance.randrange(60_000), top=chance.randrange(50_000)) for _ in range(100)]
            tracker.look(turn * LOOK, crowd)
            assert len(tracker) <= 200


someone = st.builds(
    Sighting,
    st.sampled_from(["person", "bicycle"]),
    st.sampled_from([0.25, 0.45, 0.55, 0.9]),
    st.tuples(st.integers(0, 9), st.integers(0, 5)).map(
        lambda at: (at[0] * 5000, at[1] * 5000, at[0] * 5000 + 8000, at[1] * 5000 + 20_000)
    ),
)
looks = st.lists(st.lists(someone, max_size=6, unique=True), min_size=1, max_size=12)


class TestProperties:
    @settings(deadline=None)
    @given(looks, st.randoms(use_true_random=False))
    def test_the_order_of_the_sightings_changes_nothing(
        self, found: list[list[Sighting]], chance: random.Random
    ) -> None:
        one, other = Tracker(LOST), Tracker(LOST)
        for turn, seen in enumerate(found):
            mixed = chance.sample(seen, len(seen))
            given_numbers, ended = one.look(turn * LOOK, seen)
            mixed_numbers, mixed_ended = other.look(turn * LOOK, mixed)
            assert dict(zip(seen, given_numbers, strict=True)) == dict(zip(mixed, mixed_numbers, strict=True))
            assert ended == mixed_ended

    @settings(deadline=None)
    @given(looks)
    def test_a_number_is_one_object_of_one_label_and_ends_once(self, found: list[list[Sighting]]) -> None:
        tracker, ended = Tracker(LOST), []
        labels: dict[int, str] = {}
        for turn, seen in enumerate(found):
            given_numbers, finished = tracker.look(turn * LOOK, seen)
            used = [number for number in given_numbers if number is not None]
            assert len(used) == len(set(used))
            for sighting, number in zip(seen, given_numbers, strict=True):
                assert number is None or labels.setdefault(number, sighting.label) == sighting.label
            ended += finished
        ended += tracker.end()
        assert sorted(track.number for track in ended) == sorted(labels)
        assert sorted(labels) == list(range(1, len(labels) + 1))

    @settings(deadline=None)
    @given(looks)
    def test_a_finished_path_is_in_order_and_within_the_track(self, found: list[list[Sighting]]) -> None:
        tracker = Tracker(LOST)
        numbers(tracker, found)
        for track in tracker.end():
            times = [point.at_us for point in track.path]
            assert all(before < after for before, after in pairwise(times))
            assert (times[0], times[-1]) == (track.start_us, track.end_us)
            assert track.observations >= 2
