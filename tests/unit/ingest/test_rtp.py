"""Packets into pictures, whatever the codec: what comes back is what was sent, and never more than that."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vantage_ingest.domain.rtcp import SenderReport
from vantage_ingest.domain.rtp import Depacketizer
from vantage_ingest.domain.rtp_formats import depacketizer
from vantage_ingest.domain.rtp_picture import LARGEST, MOST_UNITS
from vantage_ingest.domain.stream import AccessUnit, Codec

from .rtp_camera import SSRC, STEP, TYPE, Nals, fed, fragments, is_slice, nal, packed, packet, packets, picture, sets

CODECS: list[Codec] = ["h264", "h265"]
SLICE = {"h264": 1, "h265": 1}
KEY = {"h264": 5, "h265": 19}
BESIDE = {"h264": 6, "h265": 39}
CODED_SETS = {"h264": 7, "h265": 33}
both = pytest.mark.parametrize("codec", CODECS)
chance = st.integers(0, 1 << 32).map(random.Random)


def opened(codec: Codec) -> Depacketizer:
    return depacketizer(sets(codec), TYPE, {})


def one(codec: Codec, size: int = 20) -> Nals:
    return (nal(codec, SLICE[codec], size),)


def stream(codec: Codec, number: int, *, first: int = 100) -> list[bytes]:
    """So many pictures of one packet each, with markers."""
    return [packet(one(codec)[0], first + n, STEP * n, marker=True) for n in range(number)]


def all_of(codec: Codec, made: Sequence[bytes], source: random.Random | None = None) -> list[AccessUnit]:
    reader = opened(codec)
    return fed(reader, made, source) + reader.flush()


@both
@pytest.mark.parametrize("markers", ["last", "never", "slice"])
@settings(max_examples=60, deadline=None)
@given(chance, st.integers(1, 12))
def test_any_packing_comes_back_as_the_same_pictures(
    codec: Codec, markers: str, source: random.Random, number: int
) -> None:
    sent = [picture(codec, source, least_slices=2 if markers == "slice" else 1) for _ in range(number)]
    reader = opened(codec)
    units = fed(reader, packets(codec, sent, source, markers=markers), source) + reader.flush()
    assert [unit.nals for unit in units] == sent
    assert [unit.keyframe for unit in units] == [nals[-1][:1] == nal(codec, KEY[codec])[:1] for nals in sent]
    assert {after.pts - at.pts for at, after in pairwise(units) if at.pts and after.pts} <= {STEP}
    assert (reader.lost, reader.damaged, reader.ignored, reader.restarts, reader.oversized) == (0, 0, 0, 0, 0)


@both
@settings(max_examples=100, deadline=None)
@given(chance, st.integers(1, 8), st.floats(0, 0.9))
def test_a_loss_never_gives_a_unit_that_was_not_sent_whole(
    codec: Codec, source: random.Random, number: int, share: float
) -> None:
    sent = [picture(codec, source) for _ in range(number)]
    made = packets(codec, sent, source)
    ends = {0, len(made) - 1}  # what is lost before the first packet and behind the last, nobody can know
    kept = [index for index in range(len(made)) if index in ends or source.random() >= share]
    reader = opened(codec)
    units = fed(reader, [made[index] for index in kept], source) + reader.flush()
    order = {unit: number for number, nals in enumerate(sent) for unit in nals}
    got = [unit for each in units for unit in each.nals]
    assert got == sorted(got, key=[unit for nals in sent for unit in nals].index)
    assert len(set(got)) == len(got)
    for each in units:
        assert len({order[unit] for unit in each.nals if is_slice(codec, unit)}) == 1
    assert reader.lost == len(made) - len(kept)
    whole = sum(each.nals in sent for each in units)
    assert whole + reader.damaged >= len(units)


@both
@settings(max_examples=60, deadline=None)
@given(chance, st.lists(st.integers(0, 400), max_size=5))
def test_a_packet_that_comes_twice_or_late_changes_nothing(
    codec: Codec, source: random.Random, again: list[int]
) -> None:
    sent = [picture(codec, source) for _ in range(6)]
    made = packets(codec, sent, source)
    repeated = [copy for index, each in enumerate(made) for copy in (each, *made[max(0, index - 20) : index][:3])]
    chosen = repeated if again else made
    assert [unit.nals for unit in all_of(codec, chosen, source)] == sent


@both
def test_a_marked_picture_is_handed_over_at_once_when_markers_have_proved_right(codec: Codec) -> None:
    reader = opened(codec)
    given_at = [len(fed(reader, [each])) for each in stream(codec, 8)]
    assert given_at == [0, 1, 1, 2, 1, 1, 1, 1]


@both
def test_markers_are_not_believed_again_after_a_picture_went_on_behind_one(codec: Codec) -> None:
    reader = opened(codec)
    fed(reader, stream(codec, 8))
    further = nal(codec, SLICE[codec], first=False)
    made = [
        packet(unit, 108 + n, STEP * (8 + n // 2), marker=True) for n, unit in enumerate([*one(codec), further] * 3)
    ]
    assert [len(unit.nals) for unit in fed(reader, made) + reader.flush()] == [1, 1, 2, 2]


@both
def test_pictures_whose_time_stamps_repeat_are_told_apart_by_their_first_slice(codec: Codec) -> None:
    sent = [one(codec) for _ in range(6)]
    made = [packet(nals[0], n, 500, marker=True) for n, nals in enumerate(sent)]
    assert [unit.nals for unit in all_of(codec, made)] == sent


@both
def test_parameter_sets_with_a_time_stamp_of_their_own_go_to_the_picture_behind_them(codec: Codec) -> None:
    coded_sets, key = nal(codec, CODED_SETS[codec]), nal(codec, KEY[codec])
    made = [*stream(codec, 5), packet(coded_sets, 105, 4 * STEP, marker=True), packet(key, 106, 5 * STEP, marker=True)]
    last = all_of(codec, made)[-1]
    assert (last.nals, last.keyframe) == ((coded_sets, key), True)


@both
def test_a_keyframe_that_came_in_part_is_no_picture(codec: Codec) -> None:
    parts = fragments(codec, nal(codec, KEY[codec], 100), 30)
    made = [packet(part, n, 0) for n, part in enumerate(parts) if n != 1]
    made.append(packet(one(codec)[0], len(parts), STEP, marker=True))
    reader = opened(codec)
    units = fed(reader, made) + reader.flush()
    assert [unit.keyframe for unit in units] == [False]
    assert (reader.lost, reader.damaged) == (1, 1)


@both
def test_an_empty_fragment_is_nothing_and_an_empty_packet_no_loss(codec: Codec) -> None:
    unit = nal(codec, SLICE[codec], 60)
    first, last = fragments(codec, unit, len(unit) // 2 + 1)
    length = len(first) - (len(unit) // 2 + 1)
    empty = first[: length - 1] + bytes((first[length - 1] & 0x3F,))
    payloads = [b"", first, empty, last, b""]
    reader = opened(codec)
    units = fed(reader, [packet(part, n, 0) for n, part in enumerate(payloads)]) + reader.flush()
    assert [each.nals for each in units] == [(unit,)]
    assert (reader.lost, reader.ignored) == (0, 0)


@both
@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x80",
        packet(b"x", 9, 0)[:11],
        bytes(20),
        packet(b"x" * 20, 9, 0, kind=97, ssrc=1),
        b"\x80\xc8" + bytes(26),
    ],
    ids=["empty", "a byte", "header cut", "version 0", "another payload and source", "rtcp"],
)
def test_what_is_no_packet_of_the_video_is_counted_and_passed_over(codec: Codec, broken: bytes) -> None:
    reader = opened(codec)
    made = stream(codec, 6)
    made.insert(3, broken)
    assert len(fed(reader, made) + reader.flush()) == 6
    assert (reader.ignored, reader.lost) == (1, 0)


@both
def test_another_payload_of_the_same_source_is_no_loss(codec: Codec) -> None:
    reader = opened(codec)
    made = [*stream(codec, 3), packet(b"x" * 20, 103, 7, kind=97), *stream(codec, 3, first=104)]
    fed(reader, made)
    assert (reader.ignored, reader.lost) == (1, 0)


@both
@pytest.mark.parametrize(
    "spoilt",
    [
        packet(b"\x41\x80\x80\x80", 103, 3 * STEP, padding=4)[:-1] + b"\xff",
        packet(b"\x41\x80\x80\x80", 103, 3 * STEP, padding=4)[:-1] + b"\x00",
        packet(b"", 103, 3 * STEP, extension=bytes(8))[:-4],
        packet(b"", 103, 3 * STEP, sources=3)[:-8],
    ],
    ids=["padding too long", "padding of 0", "extension cut", "sources cut"],
)
def test_a_packet_whose_header_does_not_fit_gives_nothing(codec: Codec, spoilt: bytes) -> None:
    reader = opened(codec)
    made = stream(codec, 6)
    units = fed(reader, [*made[:3], spoilt, *made[4:]]) + reader.flush()
    assert [unit.nals[0] for unit in units] == [each[12:] for each in (*made[:3], *made[4:])]
    assert (reader.ignored, reader.lost, reader.damaged) == (1, 0, 1)


@both
def test_a_source_that_changes_is_told_and_its_time_goes_on_by_our_clock(codec: Codec) -> None:
    reader = opened(codec)
    before = fed(reader, stream(codec, 5)) + reader.flush()
    made = [packet(one(codec)[0], 9 + n, 1 << 31 | STEP * n, marker=True, ssrc=5) for n in range(3)]
    later = before[-1].arrived_us + 1_000_000
    units = reader.feed(made[0], [(0, len(made[0]))], later) + reader.feed(made[1], [(0, len(made[1]))], later)
    assert reader.restarts == 1
    assert (units[0].pts or 0) - (before[-1].pts or 0) == 90_000
    assert reader.lost == 0


@both
def test_numbers_that_leap_are_a_restart_and_not_a_loss(codec: Codec) -> None:
    reader = opened(codec)
    units = fed(reader, [*stream(codec, 3), *stream(codec, 3, first=40_000)]) + reader.flush()
    assert len(units) == 6
    assert (reader.restarts, reader.lost) == (1, 0)


@both
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 0xFFFFFFFF), st.lists(st.integers(-(1 << 31) + 1, (1 << 31) - 1), min_size=1, max_size=40))
def test_time_stamps_are_unwrapped_and_never_negative(codec: Codec, first: int, steps: list[int]) -> None:
    stamps = [first]
    for step in steps:
        stamps.append(stamps[-1] + (step or 1))
    made = [packet(one(codec)[0], n, stamp, marker=True) for n, stamp in enumerate(stamps)]
    got = [unit.pts or 0 for unit in all_of(codec, made)]
    assert min(got) >= 0
    assert [pts & 0xFFFFFFFF for pts in got] == [stamp & 0xFFFFFFFF for stamp in stamps]
    for step, at, after in zip(steps, got, got[1:], strict=False):
        assert after - at in {step or 1, (step or 1) + (1 << 32)}


@both
def test_a_sender_report_ties_every_later_picture_to_the_cameras_clock(codec: Codec) -> None:
    utc_us, ntp = 1_790_000_000_500_000, (1_790_000_000 + 2_208_988_800) << 32 | 1 << 31
    reader = opened(codec)
    made = stream(codec, 12)
    assert {unit.captured_us for unit in fed(reader, made[:6])} == {None}
    reader.captured(SenderReport(SSRC, ntp, 6 * STEP))
    units = fed(reader, made[6:]) + reader.flush()
    tied = [unit.captured_us for unit in units if unit.captured_us is not None]
    assert tied[-1] == pytest.approx(utc_us + 5 * 1_000_000 * STEP // 90_000, abs=1)
    reader.captured(SenderReport(SSRC, ntp + (3600 << 32), 6 * STEP))
    stepped = fed(reader, stream(codec, 1, first=112)) + reader.flush()
    assert (stepped[-1].captured_us or 0) - utc_us == pytest.approx(3_600_000_000 - 6 * STEP * 100 // 9, abs=1)


@both
def test_a_report_before_the_first_packet_counts_and_one_of_another_source_does_not(codec: Codec) -> None:
    ntp = (1_790_000_000 + 2_208_988_800) << 32
    for source, captured in ((SSRC, 1_790_000_000_000_000), (SSRC + 1, None)):
        reader = opened(codec)
        reader.captured(SenderReport(source, ntp, 0))
        units = fed(reader, stream(codec, 1)) + reader.flush()
        assert [unit.captured_us for unit in units] == [captured]


@both
def test_a_picture_has_the_arrival_of_its_last_packet(codec: Codec) -> None:
    reader = opened(codec)
    for number, each in enumerate(stream(codec, 2)):
        units = reader.feed(each, [(0, len(each))], 1000 * number)
    assert [unit.arrived_us for unit in units] == [0]


@both
def test_a_picture_past_its_limit_is_dropped_and_counted_and_the_next_one_is_whole(codec: Codec) -> None:
    reader = opened(codec)
    part = fragments(codec, nal(codec, KEY[codec], 90_000), 60_000)
    number = 0
    for number in range(LARGEST // 60_000 + 40):
        middle = part[0] if number == 0 else _middle(part[0])
        made = packet(middle, number, 0)
        assert not reader.feed(made, [(0, len(made))], 0)
        assert sum(map(len, reader._fragments)) <= LARGEST
    units = fed(reader, [packet(one(codec)[0], number + 1 + n, STEP * (n + 1), marker=True) for n in range(3)])
    assert len(units + reader.flush()) == 3
    assert reader.oversized == 1


def _middle(first: bytes) -> bytes:
    length = 2 if first[0] & 31 == 28 else 3
    return first[: length - 1] + bytes((first[length - 1] & 0x3F,)) + first[length:]


@both
def test_units_without_a_slice_do_not_gather_for_ever(codec: Codec) -> None:
    reader = opened(codec)
    for number in range(3 * MOST_UNITS):
        made = packet(nal(codec, BESIDE[codec], 1), number, number)
        reader.feed(made, [(0, len(made))], 0)
        assert len(reader._nals) <= MOST_UNITS + 1
    assert reader.oversized >= 1


@both
def test_receiver_reports_say_what_was_lost_and_when_the_sender_reported(codec: Codec) -> None:
    reader = opened(codec)
    made = stream(codec, 20, first=65_530)
    fed(reader, made[:10] + made[12:])
    reader.captured(SenderReport(SSRC, 0x1234_5678_9ABC_DEF0, 0))
    report = reader.reception.report(77, 1_790_000_000_000_000 + 1_000_000)
    assert report[4:8] == (77).to_bytes(4, "big")
    assert report[8:12] == SSRC.to_bytes(4, "big")
    assert (report[12], report[13:16]) == (2 * 256 // 20, b"\x00\x00\x02")
    assert int.from_bytes(report[16:20], "big") == 65_530 + 19
    assert report[24:28] == bytes.fromhex("56789abc")
    again = reader.reception.report(77, 1_790_000_000_000_000 + 2_000_000)
    assert (again[12], again[13:16]) == (0, b"\x00\x00\x02")


@both
def test_packing_is_what_the_tests_say(codec: Codec) -> None:
    """The helper makes fragments and aggregates at all; else the properties above would hold of nothing."""
    source = random.Random(3)  # noqa: S311  # chance is to repeat here
    kinds = {
        payload[0] & 31 if codec == "h264" else payload[0] >> 1
        for _ in range(20)
        for payload, _ in packed(codec, picture(codec, source), source)
    }
    assert kinds > ({24, 28} if codec == "h264" else {48, 49})
