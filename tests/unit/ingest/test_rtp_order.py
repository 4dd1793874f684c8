"""Datagrams come in any order; what goes on is in order, and waits neither long nor in numbers."""

import random

from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.rtp_order import MOST, WAIT_US, ReorderBuffer

from .rtp_camera import packet


def made(*numbers: int, ssrc: int = 1) -> list[bytes]:
    return [packet(b"%05d" % number, number, 0, ssrc=ssrc) for number in numbers]


def numbers(due: tuple[bytes, list[tuple[int, int]]]) -> list[int]:
    data, spans = due
    return [int(data[begin + 12 : end]) for begin, end in spans]


def test_what_comes_in_order_goes_on_at_once() -> None:
    buffer = ReorderBuffer()
    assert numbers(buffer.take(made(65_534, 65_535), 0)) == [65_534, 65_535]
    assert numbers(buffer.take(made(65_536, 65_537), 0)) == [65_536, 65_537]
    assert not buffer.waiting


def test_a_packet_waits_for_the_one_before_it() -> None:
    buffer = ReorderBuffer()
    assert numbers(buffer.take(made(1, 4, 3), 0)) == [1]
    assert buffer.waiting
    assert numbers(buffer.take(made(2), 10)) == [2, 3, 4]


def test_time_gives_up_what_is_missing() -> None:
    buffer = ReorderBuffer()
    buffer.take(made(1, 3, 6), 0)
    assert numbers(buffer.take((), WAIT_US - 1)) == []
    assert numbers(buffer.take(made(7), WAIT_US)) == [3, 6, 7]
    assert numbers(buffer.take(made(2), WAIT_US)) == []
    assert buffer.late == 1


def test_what_waits_is_bounded() -> None:
    buffer = ReorderBuffer()
    buffer.take(made(1), 0)
    assert numbers(buffer.take(made(*range(3, 3 + MOST)), 0)) == []
    assert numbers(buffer.take(made(3 + MOST), 0)) == list(range(3, 4 + MOST))


def test_a_packet_comes_through_once() -> None:
    buffer = ReorderBuffer()
    assert numbers(buffer.take(made(1, 1, 3, 3, 2, 2), 0)) == [1, 2, 3]
    assert buffer.late == 3


def test_another_source_and_numbers_that_leap_begin_anew() -> None:
    buffer = ReorderBuffer()
    buffer.take(made(1, 3), 0)
    assert numbers(buffer.take(made(50_000, ssrc=2), 0)) == [3, 50_000]
    assert numbers(buffer.take(made(20_000, 20_001, ssrc=2), 0)) == [20_000, 20_001]


def test_a_datagram_that_is_no_packet_is_left_to_who_counts_it() -> None:
    data, spans = ReorderBuffer().take([b"x", b""], 0)
    assert (data, spans) == (b"x", [(0, 1), (1, 1)])


@given(st.integers(0, 60_000), st.integers(1, 200), st.integers(0, 1 << 32), st.floats(0, 0.3), st.integers(1, 8))
def test_any_order_within_the_bounds_is_put_right(first: int, count: int, seed: int, loss: float, apart: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # chance is to repeat here
    sent = list(range(first, first + count))
    kept = [sent[0], *(number for number in sent[1:] if chance.random() >= loss)]
    shuffled = kept[:1] + sorted(kept[1:], key=lambda number: number + chance.randrange(apart))
    buffer, got = ReorderBuffer(), []
    while shuffled:
        got += numbers(buffer.take(made(*shuffled[:5]), 0))
        shuffled = shuffled[5:]
    assert got + numbers(buffer.take((), WAIT_US)) == kept
    assert (buffer.late, buffer.waiting) == (0, False)
