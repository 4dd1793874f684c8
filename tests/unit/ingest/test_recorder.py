"""What is missing before a recording, and why: the cause is the first one, and it survives a restart."""

import errno
import os
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from vantage.contracts.base import Origin
from vantage.contracts.recording import Gap
from vantage_ingest.adapters.memory import Ends, LastEnd
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.domain.cutter import Break
from vantage_ingest.recorder import Recorder

from .conftest import NOW_US, cut

CAMERA = "hk1.pier-9"
SECOND = 1_000_000


class Desk:
    """One camera's recorder over restarts, and what it finished."""

    def __init__(self, folder: Path, limit: int = 1 << 20) -> None:
        self.folder = folder
        self.finished: list[Finished] = []
        self.limit = limit
        self.restart()

    def restart(self) -> None:
        self.spool = Spool(self.folder / "spool", self.limit)
        self.ends = Ends(self.folder / "ends")
        self.recorder = Recorder(CAMERA, self.spool, self.ends, self.finished.append, seconds=60)

    def gaps(self) -> list[Gap | None]:
        return [one.head.gap_before for one in self.finished]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_first_recording_ever_says_so(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.ended(None)
    assert desk.gaps() == [Gap(start=NOW_US, end=NOW_US, cause="first-recording", detail="nothing is known before it")]


def test_recordings_that_follow_each_other_have_no_gap(desk: Desk) -> None:
    for number in range(130):
        desk.recorder.add(cut(number))
    desk.recorder.ended(None)
    assert len(desk.finished) == 3
    assert desk.gaps()[1:] == [None, None]
    assert sum(len(one.entries) for one in desk.finished) == 130
    assert desk.finished[0].end == desk.finished[1].head.start


def test_the_first_cause_of_a_gap_is_the_one_that_stays(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.ended("stream-stalled", "nothing for 8 s")
    desk.recorder.ended("camera-unreachable", "connection refused")
    desk.recorder.add(cut(30))
    desk.recorder.ended(None)
    gap = desk.gaps()[1]
    assert gap == Gap(start=NOW_US + SECOND, end=cut(30).start, cause="stream-stalled", detail="nothing for 8 s")


def test_a_restart_is_the_cause_where_nothing_else_was(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.ended(None)
    desk.restart()
    desk.recorder.add(cut(30, epoch=8))
    desk.recorder.ended(None)
    gap = desk.gaps()[1]
    assert gap is not None
    assert (gap.cause, gap.start, gap.end) == ("ingest-restarted", NOW_US + SECOND, cut(30).start)


def test_a_cause_from_before_the_restart_stays(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.ended("authority-expired", "order 17")
    desk.restart()
    desk.recorder.add(cut(30, epoch=8))
    desk.recorder.ended(None)
    assert [gap.cause for gap in desk.gaps() if gap] == ["first-recording", "authority-expired"]


def test_a_camera_that_is_away_after_a_restart_says_both(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.ended(None)
    desk.restart()
    desk.recorder.ended("camera-unreachable", "connection refused")
    desk.recorder.add(cut(30, epoch=8))
    desk.recorder.ended(None)
    gap = desk.gaps()[1]
    assert gap is not None
    assert gap.cause == "camera-unreachable"
    assert gap.detail == "connection refused; ingest was restarted as well"


def test_a_kill_leaves_the_end_to_the_recovered_spool(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.add(cut(1))
    desk.restart()
    (found,) = desk.spool.recover()
    desk.ends.later(CAMERA, found.end)
    desk.recorder = Recorder(CAMERA, desk.spool, desk.ends, desk.finished.append, seconds=60)
    desk.recorder.add(cut(9, epoch=8))
    desk.recorder.ended(None)
    gap = desk.gaps()[0]
    assert gap is not None
    assert (gap.start, gap.end, gap.cause) == (cut(2).start, cut(9).start, "ingest-restarted")


def test_what_the_stream_itself_lost_is_the_cause(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.add(cut(4, missing=Break("stream-stalled", "no picture for 3.0 s")))
    desk.recorder.ended(None)
    gap = desk.gaps()[1]
    assert gap == Gap(start=NOW_US + SECOND, end=cut(4).start, cause="stream-stalled", detail="no picture for 3.0 s")


def test_a_clock_that_was_set_back_leaves_an_empty_gap_with_its_cause(desk: Desk) -> None:
    desk.recorder.add(cut(10))
    desk.recorder.add(cut(5, epoch=8, missing=Break("clock-jump", "back by 6 s")))
    desk.recorder.ended(None)
    assert desk.gaps()[1] == Gap(start=cut(5).start, end=cut(5).start, cause="clock-jump", detail="back by 6 s")


def test_a_full_disk_is_a_gap_and_recording_goes_on_when_there_is_room(tmp_path: Path) -> None:
    size = len(cut(0).data)
    desk = Desk(tmp_path, limit=4 + 2 * size)
    desk.recorder.add(cut(0))
    desk.recorder.add(cut(1))
    assert not desk.recorder.fault
    desk.recorder.add(cut(2))
    desk.recorder.add(cut(3))
    assert "spool" in desk.recorder.fault
    desk.spool.remove(desk.finished[0])
    desk.recorder.add(cut(4))
    assert not desk.recorder.fault
    desk.recorder.ended(None)
    gap = desk.gaps()[1]
    assert gap is not None
    assert (gap.start, gap.end, gap.cause) == (cut(2).start, cut(4).start, "spool-full")


def test_what_is_remembered_can_be_lost_without_harm(tmp_path: Path) -> None:
    ends = Ends(tmp_path / "ends")
    ends.put(CAMERA, LastEnd(end=5))
    (tmp_path / "ends" / f"{CAMERA}.json").write_text("{")
    assert Ends(tmp_path / "ends").get(CAMERA) is None
    ends.forget(CAMERA)
    assert ends.get(CAMERA) is None
    assert not list((tmp_path / "ends").iterdir())


def test_a_change_of_origin_begins_a_recording_without_a_gap(desk: Desk) -> None:
    desk.recorder.add(cut(0))
    desk.recorder.origin = Origin(coder="vantage", masks=["window"])
    desk.recorder.add(cut(1))
    desk.recorder.add(cut(2))
    desk.recorder.ended(None)
    assert [len(one.entries) for one in desk.finished] == [1, 2]
    assert [one.head.origin for one in desk.finished] == [Origin(), Origin(coder="vantage", masks=["window"])]
    assert desk.gaps()[1] is None


@pytest.mark.parametrize(
    ("number", "cause"), [(errno.ENOSPC, "spool-full"), (errno.EROFS, "disk-failed"), (errno.EIO, "disk-failed")]
)
def test_a_fault_of_the_disk_is_the_gaps_cause_and_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, cause: str
) -> None:
    def failing(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    before = failures(cause)
    desk.recorder.add(cut(0))
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", failing)
        desk.recorder.add(cut(1))
        desk.recorder.add(cut(2))
        assert desk.recorder.fault
    desk.recorder.add(cut(3))
    assert not desk.recorder.fault
    desk.recorder.ended(None)
    gap = desk.gaps()[1]
    assert gap is not None
    assert (gap.start, gap.end, gap.cause) == (cut(1).start, cut(3).start, cause)
    assert failures(cause) == before + 2


def failures(cause: str) -> float:
    return REGISTRY.get_sample_value("vantage_ingest_spool_failures_total", {"cause": cause}) or 0.0
