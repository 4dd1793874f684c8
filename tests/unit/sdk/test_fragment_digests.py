"""The trailer of a recording: what is put in is read back, and nothing else passes for one."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.errors import TrailerMalformed
from vantage.fragment_digests import EXTENDED_TYPE, digests_of, trailer, trailer_length

DIGESTS = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=70)


@given(DIGESTS)
def test_digests_are_read_back_in_their_order(digests: list[str]) -> None:
    assert digests_of(trailer(digests)) == digests


@given(DIGESTS)
def test_it_is_one_whole_box_that_players_skip(digests: list[str]) -> None:
    box = trailer(digests)
    assert struct.unpack_from(">I4s16s", box) == (len(box), b"uuid", EXTENDED_TYPE.bytes)
    assert trailer_length(len(digests)) == len(box) == 24 + 32 * len(digests)


@given(DIGESTS.filter(bool), st.data())
def test_what_is_cut_off_or_longer_is_none(digests: list[str], data: st.DataObject) -> None:
    box = trailer(digests)
    for other in (box[: data.draw(st.integers(0, len(box) - 1))], box + bytes(32), box + b"\0"):
        with pytest.raises(TrailerMalformed):
            digests_of(other)


@given(st.binary(max_size=200))
def test_any_other_bytes_are_none(box: bytes) -> None:
    with pytest.raises(TrailerMalformed):
        digests_of(box)


@pytest.mark.parametrize("at", [0, 3, 4, 7, 8, 23])
def test_a_changed_head_is_none(at: int) -> None:
    box = bytearray(trailer(["ab" * 32]))
    box[at] ^= 1
    with pytest.raises(TrailerMalformed):
        digests_of(bytes(box))


@pytest.mark.parametrize("digest", ["", "ab", "ab" * 33, "zz" * 32])
def test_what_is_no_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match=r"SHA-256|hexadecimal"):
        trailer([digest])
