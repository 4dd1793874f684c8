"""Where fragments are cut: at keyframes, about as long as wanted, nothing lost and nothing unbounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage_ingest.domain import cutter as module
from vantage_ingest.domain.cut import samples, times
from vantage_ingest.domain.cutter import Cutter, Group
from vantage_ingest.domain.stream import TICKS, AccessUnit, ParameterSets

from .conftest import NOW_US, RATE, picture

SPS = bytes.fromhex("67640015acb405011d080000030008000003019078b175")
SETS = ParameterSets("h264", (SPS,), (b"\x68\x01",))
WIDER = bytes.fromhex("6742c01fda0140116840000003004000000c83c60ca8")


def cut_all(units: list[AccessUnit], wanted_s: int = 1) -> tuple[list[Group], Cutter]:
    cutter = Cutter(SETS, wanted_s)
    groups = [group for unit in units if not cutter.quick(unit) and (group := cutter.feed(unit)) is not None]
    last = cutter.flush()
    return groups + ([last] if last is not None else []), cutter


def steady(frames: int, gop: int) -> list[AccessUnit]:
    return [picture(number, key=number % gop == 0) for number in range(frames)]


@pytest.mark.parametrize(
    ("gop", "wanted_s", "expected"), [(25, 1, 25), (25, 2, 50), (12, 1, 24), (50, 1, 50), (24, 1, 24)]
)
def test_a_group_is_cut_at_the_keyframe_nearest_to_the_wanted_length(gop: int, wanted_s: int, expected: int) -> None:
    groups, _ = cut_all(steady(300, gop), wanted_s)
    assert {len(group.units) for group in groups[:-1]} == {expected}


def test_pictures_before_the_first_keyframe_are_counted_and_left_out() -> None:
    groups, cutter = cut_all([picture(n, key=n == 7) for n in range(20)])
    assert cutter.skipped == 7
    assert [len(group.units) for group in groups] == [13]


@given(st.lists(st.booleans(), min_size=1, max_size=200), st.integers(1, 3))
def test_every_picture_from_the_first_keyframe_on_is_in_one_group_in_order(keys: list[bool], wanted_s: int) -> None:
    units = [picture(number, key=key) for number, key in enumerate(keys)]
    groups, cutter = cut_all(units, wanted_s)
    assert [unit for group in groups for unit in group.units] == units[cutter.skipped :]
    assert all(group.units[0].keyframe for group in groups)
    assert all(before.end == after.begin and before.joined for before, after in pairwise(groups))
    for group in groups:
        assert sum(sample.duration for sample in samples(group)) == group.end - group.begin


def test_a_hole_ends_the_group_and_has_a_cause() -> None:
    late = 100
    units = [*steady(30, 25), *(picture(late + n, key=n % 25 == 5) for n in range(20))]
    groups, cutter = cut_all(units)
    assert [len(group.units) for group in groups] == [25, 5, 15]
    assert [group.joined for group in groups] == [True, False, False]
    assert groups[1].end - groups[1].begin == 5 * TICKS // RATE
    assert groups[2].after is not None
    assert (groups[2].after.cause, groups[2].after.detail) == ("stream-stalled", "no picture for 2.8 s")
    assert cutter.skipped == 5


def test_time_stamps_that_go_back_end_the_group() -> None:
    again = [picture(n, key=n == 0) for n in range(10)]
    groups, _ = cut_all([*(picture(1000 + n, key=n == 0) for n in range(10)), *again])
    assert [len(group.units) for group in groups] == [10, 10]
    assert groups[1].after is not None
    assert "went back" in groups[1].after.detail


def test_a_keyframe_that_never_comes_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    units = [picture(n, key=n in (0, 300), size=50) for n in range(310)]
    groups, cutter = cut_all(units)
    assert [len(group.units) for group in groups] == [20, 10]
    assert cutter.skipped == 280
    assert groups[1].after is not None
    assert groups[1].after.cause == "codec-unsupported"
    assert "no keyframe" in groups[1].after.detail


def test_a_group_of_pictures_longer_than_wanted_makes_one_longer_fragment() -> None:
    groups, _ = cut_all(steady(500, 250))
    assert [len(group.units) for group in groups] == [250, 250]


def test_new_parameter_sets_begin_a_group_before_its_time() -> None:
    changed = AccessUnit(10 * TICKS // RATE, True, (WIDER, b"\x68\x02", b"\x65\x80"), NOW_US)
    groups, _ = cut_all([*steady(10, 25), changed, *(picture(n) for n in range(11, 15))])
    assert [len(group.units) for group in groups] == [10, 5]
    assert [(group.init.picture.width, group.init.picture.height) for group in groups] == [(640, 272), (1280, 544)]
    assert groups[0].joined
    assert groups[1].after is None
    assert groups[1].units[0].nals == (b"\x65\x80",)


def test_a_repeated_parameter_set_changes_nothing() -> None:
    again = AccessUnit(10 * TICKS // RATE, True, (*SETS.sps, *SETS.pps, b"\x65\x80"), NOW_US)
    groups, _ = cut_all([*steady(10, 25), again])
    assert [len(group.units) for group in groups] == [11]


def test_missing_time_stamps_are_made_up_and_said() -> None:
    cutter = Cutter(SETS, 1)
    first = AccessUnit(None, True, (b"\x65\x80",), 0)
    cutter.feed(first)
    cutter.feed(AccessUnit(None, False, (b"\x41\x80",), 40_000))
    group = cutter.flush()
    assert group is not None
    assert times(group) == [0, TICKS // 25]
    assert not group.timed
