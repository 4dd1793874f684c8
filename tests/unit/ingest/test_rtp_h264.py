"""RFC 6184 by the byte: how H.264 is packed, and what is refused."""

import pytest

from vantage_ingest.domain.rtp import NotHandled
from vantage_ingest.domain.rtp_formats import depacketizer
from vantage_ingest.domain.stream import AccessUnit

from .rtp_camera import TYPE, fed, packet, sets

IDR, SLICE = b"\x65\x88\x01\x02\x03", b"\x41\x9a\x04\x05"
SPS, PPS, SEI, AUD = b"\x67\x64\x00\x15", b"\x68\xee", b"\x06\x05\x01\x00", b"\x09\xf0"


def pictures(*payloads: bytes, stamp: int = 0) -> list[AccessUnit]:
    reader = depacketizer(sets("h264"), TYPE, {})
    made = [packet(payload, number, stamp) for number, payload in enumerate(payloads)]
    return fed(reader, made) + reader.flush()


def nals(*payloads: bytes) -> list[bytes]:
    return [nal for unit in pictures(*payloads) for nal in unit.nals]


def test_single_units_are_kept_as_they_are_whatever_they_are() -> None:
    (unit,) = pictures(AUD, SPS, PPS, SEI, IDR)
    assert (unit.nals, unit.keyframe) == ((AUD, SPS, PPS, SEI, IDR), True)


def test_an_aggregate_holds_units_behind_their_lengths() -> None:
    assert nals(b"\x78\x00\x04" + SPS + b"\x00\x02" + PPS + b"\x00\x05" + IDR) == [SPS, PPS, IDR]


@pytest.mark.parametrize("tail", [b"\x00", b"\x00\x09\x41\x80", b"\x00\x00", b"\xff\xff"])
def test_an_aggregate_that_ends_early_gives_its_whole_units(tail: bytes) -> None:
    assert nals(b"\x78\x00\x04" + SLICE + tail) == [SLICE]


def test_fragments_are_joined_behind_the_units_own_header() -> None:
    assert nals(b"\x7c\x85\x88", b"\x7c\x05\x01\x02", b"\x7c\x45\x03") == [IDR]
    assert pictures(b"\x7c\x85\x88", b"\x7c\x45\x01\x02\x03")[0].keyframe


def test_a_unit_in_one_fragment_is_taken() -> None:
    assert nals(b"\x7c\xc5" + IDR[1:]) == [IDR]


@pytest.mark.parametrize(
    "payloads",
    [
        [b"\x7c\x85\x88", SLICE, b"\x7c\x45\x03"],
        [b"\x7c\x85\x88", b"\x7c\x41\x03", SLICE],
        [b"\x7c\x85\x88", b"\x7c", b"\x7c\x45\x03", SLICE],
        [b"\x7c\x85\x88", b"", b"\x7c\x45\x03", SLICE],
        [b"\x7c\x05\x88", b"\x7c\x45\x03", SLICE],
        [b"\x7c\x9c\x88", b"\x7c\x5c\x03", SLICE],
        [b"\x7c\x85\x88", b"\x5c\x81\x9a\x04", b"\x5c\x41\x05"],
    ],
    ids=[
        "another unit between",
        "another type",
        "cut to a byte",
        "cut to nothing",
        "no start",
        "of no unit",
        "a start between",
    ],
)
def test_halves_are_never_joined(payloads: list[bytes]) -> None:
    assert nals(*payloads) == [SLICE]


@pytest.mark.parametrize("payload", [b"\x60", b"\x7e\x01\x02", b"\x7f\x01\x02", b"\x00\x00", b"\x65"])
def test_what_is_no_unit_is_passed_over(payload: bytes) -> None:
    assert nals(payload, SLICE) == [SLICE]


@pytest.mark.parametrize(("first", "name"), [(0x79, "STAP-B"), (0x7A, "MTAP16"), (0x7B, "MTAP24"), (0x7D, "FU-B")])
def test_interleaved_packets_are_refused_by_name(first: int, name: str) -> None:
    with pytest.raises(NotHandled, match=name):
        pictures(bytes((first,)) + bytes(20))


def test_in_a_stream_that_gave_pictures_they_are_broken_packets() -> None:
    reader = depacketizer(sets("h264"), TYPE, {})
    fed(reader, [packet(SLICE, number, number) for number in range(2)])
    fed(reader, [packet(b"\x79" + bytes(20), 2, 2)])
    assert reader.ignored == 1


@pytest.mark.parametrize("mode", ["2", "x", ""])
def test_interleaved_mode_is_refused_before_anything_is_read(mode: str) -> None:
    with pytest.raises(NotHandled, match="packetization-mode"):
        depacketizer(sets("h264"), TYPE, {"packetization-mode": mode})
    for handled in ({}, {"packetization-mode": "0"}, {"packetization-mode": "1 ", "profile-level-id": "640015"}):
        depacketizer(sets("h264"), TYPE, handled)
