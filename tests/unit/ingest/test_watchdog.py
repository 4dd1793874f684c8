"""A stream that goes wrong while it plays: what is cut, what is kept, and the cause that is named."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.init_segment import UnreadableParameters
from vantage_ingest.domain.stream import TICKS, AccessUnit, ParameterSets

from .conftest import NOW_US, RATE, picture

SPS = bytes.fromhex("67640015acb405011d080000030008000003019078b175")
WIDER = bytes.fromhex("6742c01fda0140116840000003004000000c83c60ca8")
SETS = ParameterSets("h264", (SPS,), (b"\x68\x01",))
FRAME_US = 1_000_000 // RATE
BROKEN = b"\x67\x64\x00"
SEI = b"\x06\x05\x10signed by me\x80"
FORBIDDEN = b"\xe5garbage\x80"


class Camera:
    """Plays pictures at 25 a second, a keyframe each second; whatever its stamps say, they arrive in time."""

    def __init__(self, sets: ParameterSets = SETS) -> None:
        self.made = Assembler(1, CaptureClock(60_000_000), 1, lambda: 2)
        self.made.connect(sets)
        self.cuts: list[Cut] = []
        self.number = 0

    def play(self, pictures: int, *, ahead: int = 0, stamp: int | None = None, keys: bool = True) -> None:
        """Go on, with stamps that are `ahead` (ticks), or that stand still at `stamp`."""
        for _ in range(pictures):
            unit = picture(self.number, key=keys and self.number % RATE == 0)
            pts = (unit.pts or 0) + ahead if stamp is None else stamp
            self.send(replace(unit, pts=pts))

    def babble(self, units: int, nal: bytes) -> None:
        """Send what is no picture, as often as pictures come."""
        for _ in range(units):
            self.send(AccessUnit(self.number * TICKS // RATE, False, (nal,), 0))

    def send(self, unit: AccessUnit) -> None:
        arrived = NOW_US + self.number * FRAME_US
        self.number += 1
        self.give(replace(unit, arrived_us=arrived))

    def give(self, unit: AccessUnit) -> None:
        if (cut := self.made.feed(unit)) is not None:
            self.cuts.append(cut)

    def end(self) -> list[Cut]:
        if (cut := self.made.disconnect()) is not None:
            self.cuts.append(cut)
        return self.cuts

    @property
    def breaks(self) -> list[tuple[str, str]]:
        return [(cut.missing.cause, cut.missing.detail) for cut in self.cuts if cut.missing is not None]

    @property
    def frames(self) -> int:
        return sum(len(cut.frames) for cut in self.cuts)

    @property
    def missing_us(self) -> int:
        """What the fragments do not cover of the time in which the camera sent."""
        return self.number * FRAME_US - sum(cut.duration for cut in self.cuts)


def test_stamps_that_jump_ahead_are_no_stall() -> None:
    camera = Camera()
    camera.play(60)
    camera.play(90, ahead=3600 * TICKS)
    cuts = camera.end()
    assert camera.breaks == [("stream-malformed", "the stream's time stamps jumped ahead by 3600.0 s")]
    assert cuts[3].start - cuts[2].end < 1_000_000
    assert camera.missing_us <= 15 * FRAME_US + 20_000


def test_stamps_that_run_backwards_are_named() -> None:
    camera = Camera()
    camera.play(60)
    camera.play(90, ahead=-20 * TICKS)
    camera.end()
    assert camera.breaks == [("stream-malformed", "the stream's time stamps went back by 20.0 s")]
    assert {cut.epoch for cut in camera.cuts} == {1}
    assert camera.missing_us <= 15 * FRAME_US + 20_000


def test_stamps_that_go_back_a_little_are_found_at_the_keyframe() -> None:
    camera = Camera()
    camera.play(50)
    camera.play(50, ahead=-TICKS)
    camera.end()
    assert [cause for cause, _ in camera.breaks] == ["stream-malformed"]
    assert camera.frames == 100


def test_some_pictures_with_one_stamp_lose_nothing() -> None:
    camera = Camera()
    camera.play(30)
    camera.play(10, stamp=29 * TICKS // RATE)
    camera.play(60)
    camera.end()
    assert camera.breaks == []
    assert (camera.frames, camera.missing_us) == (100, 0)
    assert [cut.clock.quality for cut in camera.cuts] == ["estimated", "none", "estimated", "estimated"]


def test_stamps_that_stand_still_are_named_once_and_made_up_from_arrival() -> None:
    camera = Camera()
    camera.play(30)
    camera.play(200, stamp=29 * TICKS // RATE)
    camera.play(70)
    camera.end()
    ((cause, detail),) = camera.breaks
    assert cause == "stream-malformed"
    assert detail.startswith("the stream's time stamps stand still at ")
    assert (camera.frames, camera.missing_us) == (300, 0)


def test_a_new_picture_size_begins_a_new_segment_without_a_seam() -> None:
    camera = Camera()
    camera.play(60)
    camera.send(AccessUnit(60 * TICKS // RATE, True, (WIDER, b"\x68\x02", b"\x65\x80"), 0))
    camera.play(30, keys=False)
    cuts = camera.end()
    assert [(cut.picture.width, cut.picture.height) for cut in cuts] == [(640, 272)] * 3 + [(1280, 544)]
    assert all(before.end == after.start for before, after in pairwise(cuts))
    assert camera.breaks == []


def test_sets_that_cannot_be_read_cost_what_cannot_be_shown_and_no_more() -> None:
    camera = Camera()
    camera.play(50)
    camera.send(AccessUnit(50 * TICKS // RATE, True, (BROKEN, b"\x65\x80"), 0))
    camera.play(49)
    camera.send(AccessUnit(100 * TICKS // RATE, True, (SPS, b"\x65\x80"), 0))
    camera.play(24)
    camera.end()
    ((cause, detail),) = camera.breaks
    assert cause == "codec-unsupported"
    assert BROKEN.hex() in detail
    assert (camera.frames, camera.missing_us) == (75, 50 * FRAME_US)


def test_sets_that_stay_unreadable_end_the_connection_within_ten_seconds() -> None:
    camera = Camera()
    camera.play(50)
    camera.send(AccessUnit(50 * TICKS // RATE, True, (BROKEN, b"\x65\x80"), 0))
    with pytest.raises(UnreadableParameters, match=BROKEN.hex()):
        camera.play(1000)
    assert camera.number - 50 < 10 * RATE
    camera.end()
    assert camera.frames == 50


def test_sets_that_never_come_end_the_connection_within_ten_seconds() -> None:
    camera = Camera(ParameterSets("h264", (), ()))
    with pytest.raises(UnreadableParameters, match="0 SPS, 0 PPS"):
        camera.play(1000)
    assert camera.number < 10 * RATE
    assert camera.end() == []


def test_a_stream_without_a_keyframe_is_ended_after_half_a_minute() -> None:
    camera = Camera()
    camera.play(50)
    with pytest.raises(UnreadableParameters, match="the stream holds no keyframe"):
        camera.play(3000, keys=False)
    cuts = camera.end()
    assert 60 <= camera.number / RATE <= 66
    assert sum(cut.duration for cut in cuts) >= 31_000_000


def test_units_that_are_no_picture_are_named_and_end_the_connection() -> None:
    camera = Camera()
    camera.play(50)
    camera.babble(5 * RATE, SEI)
    camera.play(50)
    camera.play(10)
    with pytest.raises(UnreadableParameters, match="the stream holds no picture"):
        camera.babble(20 * RATE, FORBIDDEN)
    camera.end()
    assert camera.breaks == [("stream-malformed", "no picture for 5.0 s among 125 other units")]


@pytest.mark.parametrize("stranger", [SEI, FORBIDDEN, b"\x0c\xff\x80"])
def test_what_is_no_picture_is_kept_where_it_came(stranger: bytes) -> None:
    camera = Camera()
    camera.play(10)
    camera.give(AccessUnit(10 * TICKS // RATE, stranger == FORBIDDEN, (stranger,), NOW_US + 10 * FRAME_US))
    camera.play(10)
    camera.give(AccessUnit(20 * TICKS // RATE, False, (stranger, b""), NOW_US + 20 * FRAME_US))
    cuts = camera.end()
    kept = cuts[0].data
    assert kept.count(stranger) == 2
    assert kept.endswith(len(stranger).to_bytes(4, "big") + stranger)
    assert camera.frames == 20
