"""The packed list of fragments: as many bits as a recording needs, and nothing of it lost."""

from collections.abc import Callable, Iterator

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vantage.contracts import Recording
from vantage.contracts.recording import FragmentRange
from vantage.fragment_digests import trailer_length
from vantage_storage.domain.fragment_list import pack, unfit

from .conftest import INIT, START, recording

SPAN = st.integers(0, 2**32 - 1)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Fragments in any order of time, overlapping or far apart: the contract does not forbid it."""
    numbers = draw(st.lists(st.tuples(SPAN, SPAN, SPAN), min_size=1, max_size=70))
    made, offset = [], INIT
    for after, duration, length in numbers:
        made.append(FragmentRange(START + after, duration, offset, length, "ab" * 32))
        offset += length
    return replace(recording(), fragments=made, size=offset + trailer_length(len(made)))


def read(packed: bytes) -> Iterator[tuple[int, int, int]]:
    """The three numbers of each fragment, as the format's description says."""
    count = int.from_bytes(packed[:2])
    heads = [(packed[at], int.from_bytes(packed[at + 1 : at + 9], signed=True)) for at in (2, 11, 20)]
    digits, at = "".join(f"{byte:08b}" for byte in packed[29:]), 0
    for _ in range(count):
        numbers = []
        for bits, least in heads:
            numbers.append(least + int(digits[at : at + bits] or "0", 2))
            at += bits
        yield numbers[0], numbers[1], numbers[2]
    assert len(digits) - at < 8
    assert "1" not in digits[at:]


@given(recordings())
def test_any_recording_is_read_back(one: Recording) -> None:
    assert unfit(one) is None
    end, found = one.start, []
    for gap, duration, length in read(pack(one)):
        found.append((end + gap, duration, length))
        end += gap + duration
    assert found == [(part.start, part.duration, part.length) for part in one.fragments]


def test_what_all_fragments_have_in_common_takes_no_bits(make_recording: Callable[..., Recording]) -> None:
    assert len(pack(make_recording((1000,) * 60))) == 29
    assert len(pack(make_recording((1000, 1001) * 30))) == 29 + 60 // 8 + 1


def test_more_fragments_than_it_can_count_are_a_fault(make_recording: Callable[..., Recording]) -> None:
    assert (
        unfit(make_recording((1,) * 65_535, start=0))
        == "fragment 4295 is not within an hour after the recording's start"
    )
    many = make_recording((1,) * 65_536)
    close = [replace(part, start=many.start) for part in many.fragments]
    assert "65536 fragments" in str(unfit(replace(many, fragments=close)))
