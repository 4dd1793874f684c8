"""The frames that a rate asks for: as many as it says, whatever the fragments' lengths; the same at every replay."""

from hypothesis import given
from hypothesis import strategies as st

from vantage_detect.domain.sampling import wanted

START = 1_790_000_000_000_000
SECOND = 1_000_000


def frames(fps: int, count: int) -> list[int]:
    return [turn * SECOND // fps for turn in range(count)]


def test_five_looks_a_second_of_25_frames() -> None:
    assert wanted(START, SECOND, frames(25, 25), 5) == [0, 5, 10, 15, 20]


def test_one_look_is_the_keyframe() -> None:
    assert wanted(START, SECOND, frames(25, 25), 1) == [0]


def test_a_rate_of_zero_looks_at_nothing() -> None:
    assert wanted(START, SECOND, frames(25, 25), 0) == []


def test_a_look_every_other_second_skips_every_other_fragment() -> None:
    looks = [wanted(START + turn * SECOND, SECOND, frames(25, 25), 0.5) for turn in range(6)]
    assert [len(look) for look in looks] in ([0, 1] * 3, [1, 0] * 3)


def test_no_frame_is_looked_at_twice_where_there_are_fewer_than_asked() -> None:
    assert wanted(START, SECOND, frames(8, 8), 25) == list(range(8))


def test_frames_in_decoding_order_are_taken_in_the_order_of_their_times() -> None:
    assert wanted(START, 400_000, [0, 300_000, 100_000, 200_000], 10) == [0, 2, 3, 1]


@given(
    st.lists(st.integers(200_000, 4_000_000), min_size=1, max_size=40),
    st.sampled_from([0.2, 1.0, 2.5, 5.0, 7.3, 25.0]),
)
def test_over_many_fragments_the_looks_come_to_the_rate(durations: list[int], rate: float) -> None:
    start, looks = START, 0
    for duration in durations:
        after = list(range(0, duration, 20_000))
        found = wanted(start, duration, after, rate)
        assert found == sorted(set(found))
        looks += len(found)
        start += duration
    assert abs(looks - (start - START) / SECOND * rate) <= 1 + 1e-3
