"""RFC 7798 by the byte: how H.265 is packed, and what is refused."""

import pytest

from vantage_ingest.domain.rtp import NotHandled
from vantage_ingest.domain.rtp_formats import depacketizer
from vantage_ingest.domain.stream import AccessUnit

from .rtp_camera import TYPE, fed, packet, sets

IDR, SLICE = b"\x26\x01\xaf\x02\x03", b"\x02\x01\xd0\x04\x05"
VPS, SPS, PPS, SEI = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1", b"\x4e\x01\x05"
END_OF_SEQUENCE = b"\x48\x01"


def pictures(*payloads: bytes) -> list[AccessUnit]:
    reader = depacketizer(sets("h265"), TYPE, {})
    made = [packet(payload, number, 0) for number, payload in enumerate(payloads)]
    return fed(reader, made) + reader.flush()


def nals(*payloads: bytes) -> list[bytes]:
    return [nal for unit in pictures(*payloads) for nal in unit.nals]


def test_single_units_are_kept_as_they_are_whatever_they_are() -> None:
    (unit,) = pictures(VPS, SPS, PPS, SEI, IDR, END_OF_SEQUENCE)
    assert (unit.nals, unit.keyframe) == ((VPS, SPS, PPS, SEI, IDR, END_OF_SEQUENCE), True)


@pytest.mark.parametrize(("kind", "key"), [(0, False), (15, False), (16, True), (21, True), (23, True), (24, False)])
def test_a_keyframe_is_any_picture_that_decodes_by_itself(kind: int, key: bool) -> None:
    assert pictures(bytes((kind << 1, 1, 0x80)))[0].keyframe == key


def test_an_aggregate_holds_units_behind_their_lengths() -> None:
    assert nals(b"\x60\x01\x00\x03" + VPS + b"\x00\x02" + END_OF_SEQUENCE + b"\x00\x05" + IDR) == [
        VPS,
        END_OF_SEQUENCE,
        IDR,
    ]


@pytest.mark.parametrize("tail", [b"\x00", b"\x00\x09\x02\x01", b"\x00\x01\x02", b"\xff\xff"])
def test_an_aggregate_that_ends_early_gives_its_whole_units(tail: bytes) -> None:
    assert nals(b"\x60\x01\x00\x05" + SLICE + tail) == [SLICE]


def test_fragments_are_joined_behind_the_units_own_header() -> None:
    assert nals(b"\x62\x01\x93\xaf", b"\x62\x01\x13\x02", b"\x62\x01\x53\x03") == [IDR]
    layered = b"\x63\x0a\x81\xd0", b"\x63\x0a\x41\x05"
    assert nals(*layered) == [b"\x03\x0a\xd0\x05"]


@pytest.mark.parametrize(
    "payloads",
    [
        [b"\x62\x01\x93\xaf", SLICE, b"\x62\x01\x53\x03"],
        [b"\x62\x01\x93\xaf", b"\x62\x01\x41\x03", SLICE],
        [b"\x62\x01\x13\xaf", b"\x62\x01\x53\x03", SLICE],
        [b"\x62\x01\xb0\xaf", b"\x62\x01\x70\x03", SLICE],
        [b"\x62\x01\x93\xaf", b"\x62\x01", b"\x62\x01\x53\x03", SLICE],
    ],
    ids=["another unit between", "another type", "no start", "of no unit", "cut to its header"],
)
def test_halves_are_never_joined(payloads: list[bytes]) -> None:
    assert nals(*payloads) == [SLICE]


@pytest.mark.parametrize("payload", [b"\x02", b"\x02\x01", b"\x66\x01\x00", b"\x7e\x01\x00"])
def test_what_is_no_unit_is_passed_over(payload: bytes) -> None:
    assert nals(payload, SLICE) == [SLICE]


def test_packets_with_extra_control_information_are_refused_by_name() -> None:
    with pytest.raises(NotHandled, match="PACI"):
        pictures(b"\x64\x01" + bytes(20))


@pytest.mark.parametrize(
    ("name", "value"), [("sprop-max-don-diff", "2"), ("sprop-max-don-diff", "x"), ("tx-mode", "MRST")]
)
def test_decoding_order_numbers_are_refused_before_anything_is_read(name: str, value: str) -> None:
    with pytest.raises(NotHandled, match=name):
        depacketizer(sets("h265"), TYPE, {name: value})
    depacketizer(sets("h265"), TYPE, {"sprop-max-don-diff": "0", "tx-mode": "SRST", "profile-id": "1"})
