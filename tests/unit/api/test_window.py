"""Which recorded fragments show a window: all that there is, the higher epoch where two were there, gaps named."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from vantage_api.domain.window import Recorded, choose, gaps, playlist

S = 1_000_000


def recorded(epoch: int, seconds: Sequence[float], cause: str = "", height: int = 180) -> Recorded:
    starts = [round(second * S) for second in seconds]
    fragments = [(start, S, 700, 100) for start in starts]
    return Recorded(epoch, starts[0], starts[-1] + S, ("avc1.42C00D", 320, height), fragments, cause)


def shown(recordings: Sequence[Recorded], from_s: float, to_s: float) -> list[tuple[float, int]]:
    chosen = choose(recordings, round(from_s * S), round(to_s * S))
    return [(one.start_us / S, one.recording.epoch) for one in chosen]


class TestChoice:
    def test_a_fragment_that_touches_the_window_is_shown_whole(self) -> None:
        assert shown([recorded(1, range(5))], 1.5, 3.5) == [(1, 1), (2, 1), (3, 1)]

    def test_a_window_ends_before_what_begins_at_its_end(self) -> None:
        assert shown([recorded(1, range(5))], 1, 3) == [(1, 1), (2, 1)]

    def test_the_higher_epoch_wins_where_two_overlap(self) -> None:
        assert shown([recorded(1, range(4)), recorded(2, [2, 3, 4])], 0, 9) == [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 2),
            (4, 2),
        ]

    def test_at_a_seam_a_second_is_shown_twice_rather_than_not(self) -> None:
        assert shown([recorded(1, range(4)), recorded(2, [1.5, 2.5])], 0, 9) == [
            (0, 1),
            (1, 1),
            (1.5, 2),
            (2.5, 2),
            (3, 1),
        ]

    def test_the_order_in_which_they_are_listed_does_not_matter(self) -> None:
        both = [recorded(1, range(4)), recorded(2, [2, 3, 4])]
        assert shown(both, 0, 9) == shown(both[::-1], 0, 9)

    def test_nothing_recorded_is_nothing_shown(self) -> None:
        assert shown([], 0, 9) == []
        assert shown([recorded(1, [20])], 0, 9) == []


SECONDS = st.lists(st.integers(0, 30), min_size=1, max_size=12, unique=True).map(sorted)


@given(st.lists(st.tuples(st.integers(1, 4), SECONDS), max_size=6), st.integers(0, 20), st.integers(1, 12))
def test_every_recorded_second_of_a_window_is_shown_once_by_its_highest_epoch(
    made: list[tuple[int, list[int]]], begin: int, length: int
) -> None:
    recordings = [recorded(epoch * 10 + at, seconds) for at, (epoch, seconds) in enumerate(made)]
    best: dict[float, int] = {}
    for one in recordings:
        for start, *_ in one.fragments:
            if begin * S <= start < (begin + length) * S:
                best[start / S] = max(one.epoch, best.get(start / S, 0))
    assert shown(recordings, begin, begin + length) == sorted(best.items())
    chosen = choose(recordings, begin * S, (begin + length) * S)
    missing = sum(gap.end_us - gap.start_us for gap in gaps(chosen, begin * S, (begin + length) * S))
    assert missing == (length - len(best)) * S


class TestGaps:
    def test_each_gap_has_the_cause_that_the_next_recording_gives(self) -> None:
        recordings = [recorded(1, [2, 3]), recorded(1, [5, 6], "stream-stalled"), recorded(1, [8], "camera-refused")]
        found = gaps(choose(recordings, 0, 10 * S), 0, 10 * S)
        assert [(gap.start_us // S, gap.end_us // S, gap.cause) for gap in found] == [
            (0, 2, "not-recorded"),
            (4, 5, "stream-stalled"),
            (7, 8, "camera-refused"),
            (9, 10, "not-recorded"),
        ]

    def test_a_gap_within_a_recording_is_not_that_before_it(self) -> None:
        found = gaps(choose([recorded(1, [0, 3], "camera-refused")], 0, 4 * S), 0, 4 * S)
        assert [gap.cause for gap in found] == ["not-recorded"]

    def test_a_seam_of_a_few_milliseconds_is_no_gap(self) -> None:
        recordings = [recorded(1, [0, 1.05])]
        assert gaps(choose(recordings, 0, 2 * S), 0, 2 * S) == []


class TestPlaylist:
    def test_recordings_that_follow_one_another_are_one_timeline(self) -> None:
        text = playlist(choose([recorded(1, [0, 1]), recorded(1, [2])], 0, 9 * S))
        assert "#EXT-X-DISCONTINUITY" not in text
        assert text.count("#EXT-X-MAP") == 2

    def test_a_gap_another_owner_and_another_picture_break_it(self) -> None:
        parts = [recorded(1, [0]), recorded(1, [3]), recorded(2, [4]), recorded(2, [5], height=360)]
        assert playlist(choose(parts, 0, 9 * S)).count("#EXT-X-DISCONTINUITY\n") == 3

    def test_each_segment_says_when_it_was_taken(self) -> None:
        text = playlist(choose([recorded(1, [1_790_000_000])], 0, 2**60))
        assert "#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:20.000Z\n#EXTINF:1.000000,\nsegments/" in text
        assert text.endswith("#EXT-X-ENDLIST\n")
