"""From pictures to fragments: numbered, timed without seams, and honest about what is missing."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import pytest
from msgspec.structs import replace

from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.nal import sets_in
from vantage_ingest.domain.stream import AccessUnit, ParameterSets

from .conftest import coded, decoded

SECOND = 1_000_000


def assembler(epoch: int = 5, following: int = 9) -> Assembler:
    return Assembler(1, CaptureClock(60 * SECOND), epoch, lambda: following)


def run(made: Assembler, units: Sequence[AccessUnit]) -> list[Cut]:
    """One connection, without the parameter sets in its session description."""
    made.connect(ParameterSets("h264", (), ()))
    cuts = [cut for unit in units if (cut := made.feed(unit)) is not None]
    last = made.disconnect()
    return cuts + ([last] if last is not None else [])


def later(units: Sequence[AccessUnit], seconds: int) -> list[AccessUnit]:
    """The same pictures as a camera would send them after that time, in a new connection."""
    return [replace(unit, arrived_us=unit.arrived_us + seconds * SECOND) for unit in units]


def by_clock(units: Sequence[AccessUnit], ahead_us: int) -> list[AccessUnit]:
    return [replace(unit, captured_us=unit.arrived_us + ahead_us) for unit in units]


def test_fragments_follow_each_other_without_seams(h264: Sequence[AccessUnit]) -> None:
    cuts = run(assembler(), h264)
    assert [cut.sequence for cut in cuts] == [0, 1, 2]
    assert all(before.end == after.start for before, after in pairwise(cuts))
    assert [cut.discontinuity for cut in cuts] == [True, False, False]
    assert {cut.epoch for cut in cuts} == {5}
    assert sum(len(cut.frames) for cut in cuts) == len(h264)
    for cut in cuts:
        assert cut.sha256 == hashlib.sha256(cut.data).hexdigest()
        assert len(decoded(cut.init + cut.data)) == len(cut.frames)
    assert len(decoded(cuts[0].init + b"".join(cut.data for cut in cuts))) == len(h264)


def test_a_frame_says_when_it_is_shown_and_how_long_its_bytes_are() -> None:
    units = coded("h264", b_frames=2)
    cut = run(assembler(), units)[0]
    assert cut.frames[0].keyframe
    assert {frame.after_us for frame in cut.frames} == {number * 40_000 for number in range(25)}
    assert [frame.after_us for frame in cut.frames] != sorted(frame.after_us for frame in cut.frames)
    assert sum(frame.size for frame in cut.frames) < len(cut.data)


def test_a_reconnect_is_a_discontinuity_in_the_same_epoch(h264: Sequence[AccessUnit]) -> None:
    made = assembler()
    first, second = run(made, h264), run(made, later(h264, 20))
    assert second[0].discontinuity
    assert second[0].epoch == first[0].epoch
    assert second[0].sequence == first[-1].sequence + 1
    assert second[0].start > first[-1].end


def test_a_clock_set_forward_leaves_a_gap_with_its_cause(h264: Sequence[AccessUnit]) -> None:
    cuts = run(assembler(), [*by_clock(h264[:25], 0), *by_clock(h264[25:], 4 * SECOND)])
    assert cuts[1].start == cuts[0].end + 4 * SECOND
    assert cuts[1].missing is not None
    assert (cuts[1].missing.cause, cuts[1].discontinuity, cuts[1].epoch) == ("clock-jump", True, 5)
    assert cuts[2].missing is None


def test_a_clock_set_back_begins_a_new_epoch(h264: Sequence[AccessUnit]) -> None:
    cuts = run(assembler(), [*by_clock(h264[:25], 0), *by_clock(h264[25:], -4 * SECOND)])
    assert [cut.epoch for cut in cuts] == [5, 9, 9]
    assert [cut.sequence for cut in cuts] == [0, 0, 1]
    assert cuts[1].start == cuts[0].end - 4 * SECOND
    assert cuts[1].missing is not None
    assert "set back by 4.000 s" in cuts[1].missing.detail


def test_an_epoch_grows_even_where_our_own_clock_does_not(h264: Sequence[AccessUnit]) -> None:
    cuts = run(assembler(following=2), [*by_clock(h264[:25], 0), *by_clock(h264[25:], -4 * SECOND)])
    assert [cut.epoch for cut in cuts] == [5, 6, 6]


def test_a_new_ownership_goes_on_without_a_gap(h264: Sequence[AccessUnit]) -> None:
    made = assembler()
    made.connect(sets_in("h264", h264[0].nals))
    first = [cut for unit in h264[:26] if (cut := made.feed(unit))]
    made.renew(8)
    made.renew(3)
    second = [cut for unit in h264[26:] if (cut := made.feed(unit))]
    assert (first[0].epoch, second[0].epoch, second[0].sequence) == (5, 8, 0)
    assert second[0].start == first[0].end
    assert not second[0].discontinuity


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_parameter_sets_may_come_in_the_stream_alone(codec: str) -> None:
    units = coded(codec)
    made = assembler()
    made.connect(ParameterSets(codec, (), ()))  # type: ignore[arg-type]
    cuts = [cut for unit in units if (cut := made.feed(unit))]
    assert len(decoded(cuts[0].init + cuts[0].data)) == 25


def test_a_stream_without_time_stamps_says_that_its_clock_is_none(h264: Sequence[AccessUnit]) -> None:
    cuts = run(assembler(), [replace(unit, pts=None) for unit in h264])
    assert {cut.clock.quality for cut in cuts} == {"none"}
    assert sum(len(cut.frames) for cut in cuts) == len(h264)
