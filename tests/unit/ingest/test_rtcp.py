"""Control packets: the camera's clock, its goodbye, and what we report."""

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain.rtcp import Bye, ReportBlock, SenderReport, parse, receiver_report
from vantage_ingest.domain.rtp_reception import Reception

UNIX_IN_NTP = 2_208_988_800


def control(kind: int, body: bytes, count: int = 0) -> bytes:
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body


SENDER = control(200, struct.pack(">IQIII", 5, 0xE1234567_80000000, 900, 10, 2000))
DESCRIPTION = control(202, struct.pack(">IBB", 5, 1, 1) + b"x\x00", 1)
GOODBYE = control(203, struct.pack(">II", 5, 6), 2)


def read(data: bytes) -> SenderReport | Bye | None:
    return parse(data, 0, len(data))


def test_a_sender_report_is_found_among_others_and_between_other_bytes() -> None:
    report = SenderReport(5, 0xE1234567_80000000, 900, 10, 2000)
    for data in (SENDER, SENDER + DESCRIPTION, DESCRIPTION + SENDER, SENDER + b"\x80"):
        assert read(data) == report
    assert parse(b"$\x01\x00\x1c" + SENDER + b"$\x00", 4, 4 + len(SENDER)) == report


def test_a_report_with_blocks_of_reception_is_read() -> None:
    assert isinstance(read(control(200, SENDER[4:] + bytes(24), 1)), SenderReport)


def test_a_goodbye_goes_before_a_report() -> None:
    assert read(SENDER + DESCRIPTION + GOODBYE) == Bye((5, 6))
    assert read(control(203, b"", 31)) == Bye(())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\xc8",
        DESCRIPTION,
        SENDER[:-4],
        b"\x40" + SENDER[1:],
        control(200, bytes(20)),
        control(201, bytes(4)),
        control(202, b"") * 300,
    ],
)
def test_what_says_nothing_is_none(data: bytes) -> None:
    assert read(data) is None


@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (UNIX_IN_NTP, datetime(1970, 1, 1, tzinfo=UTC)),
        (0x80000000, datetime(1968, 1, 20, 3, 14, 8, tzinfo=UTC)),
        (0xFFFFFFFF, datetime(2036, 2, 7, 6, 28, 15, tzinfo=UTC)),
        (0x00000001, datetime(2036, 2, 7, 6, 28, 17, tzinfo=UTC)),
        (0x7FFFFFFF, datetime(2104, 2, 26, 9, 42, 23, tzinfo=UTC)),
    ],
)
def test_the_era_of_a_clock_is_the_one_that_we_live_in(seconds: int, moment: datetime) -> None:
    assert SenderReport(1, seconds << 32, 0).utc_us == int(moment.timestamp()) * 1_000_000


def test_the_fraction_of_a_second_is_binary() -> None:
    half = SenderReport(1, (UNIX_IN_NTP + 1_790_000_000) << 32 | 1 << 31, 0)
    assert half.utc_us == 1_790_000_000_500_000
    assert SenderReport(1, 1, 0).utc_us == (0x1_0000_0000 - UNIX_IN_NTP) * 1_000_000


def test_a_camera_without_a_clock_says_zero() -> None:
    assert SenderReport(1, 0, 0).utc_us is None


def test_a_receiver_report_is_followed_by_a_description() -> None:
    made = receiver_report(77, ReportBlock(5, 12, -3, 70_000, 9, 0x1234, 65_536))
    assert struct.unpack_from(">BBHI", made) == (0x81, 201, 7, 77)
    assert struct.unpack_from(">IIIIII", made, 8) == (5, 12 << 24 | 0xFFFFFD, 70_000, 9, 0x1234, 65_536)
    assert struct.unpack_from(">BBHIBB", made, 32) == (0x81, 202, 4, 77, 1, 7)
    assert made[42:] == b"vantage\x00\x00\x00"
    assert read(made) is None
    assert len(receiver_report(77, None)) % 4 == 0


def test_before_a_packet_came_there_is_nothing_to_report_of() -> None:
    assert Reception().report(77, 0) == receiver_report(77, None)


@given(st.integers(-(1 << 40), 1 << 40), st.integers(0, 1 << 40), st.integers(0, 1 << 60))
def test_numbers_that_do_not_fit_are_clipped(lost: int, jitter: int, delay: int) -> None:
    made = receiver_report(1, ReportBlock(5, 255, lost, 1 << 40, jitter, 0, delay))
    assert len(made) == 52
    assert int.from_bytes(made[13:16], "big", signed=True) == max(-0x800000, min(0x7FFFFF, lost))


def test_jitter_is_that_of_the_standards_example() -> None:
    """RFC 3550, A.8: a sixteenth of the difference of two transits, then of what is left of it."""
    reception = Reception()
    reception.begin(5, 0)
    for number, late_us in enumerate((0, 16_000, 16_000)):
        reception.arrived(number + 1, 1800 * number, 20_000 * number + late_us)
    (jitter,) = struct.unpack_from(">I", reception.report(1, 0), 20)
    assert jitter == 1440 * 15 // 16 // 16


def test_the_time_since_the_senders_report_is_in_65536ths() -> None:
    reception = Reception()
    reception.begin(5, 0)
    reception.heard(SenderReport(5, 0x1111_2222_3333_4444, 0), 1_000_000)
    assert struct.unpack_from(">II", reception.report(1, 2_500_000), 24) == (0x2222_3333, 98_304)
