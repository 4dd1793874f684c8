"""The packed list of fragments: a fixed width, numbers first, the digest whole."""

from collections.abc import Callable

from vantage.contracts import Recording
from vantage_storage.domain.fragment_list import pack


def test_each_fragment_takes_44_bytes(make_recording: Callable[..., Recording]) -> None:
    assert len(pack(make_recording((1000,) * 60))) == 60 * 44


def test_numbers_are_big_endian_and_the_digest_is_whole(make_recording: Callable[..., Recording]) -> None:
    packed = pack(make_recording((60_000, 61_000)))[44:]
    numbers = [int.from_bytes(packed[at : at + 4], "big") for at in (0, 4, 8)]
    assert numbers == [1_000_000, 1_000_000, 61_000]
    assert packed[12:].hex() == f"{1:064x}"
