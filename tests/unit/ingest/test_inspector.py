"""From a worker's fragments to a camera's state: samples, the process that looks at them, and what is told."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from vantage.clock import ManualClock
from vantage.contracts import Camera
from vantage.contracts.camera import Mask
from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.inspection import Report, Sample
from vantage_ingest.domain.nal import sets_in
from vantage_ingest.domain.status import Condition
from vantage_ingest.masks.inspector import Inspector
from vantage_ingest.masks.inspector_process import InspectorProcess
from vantage_ingest.masks.results import Results
from vantage_ingest.masks.sampler import Sampler, packed, unpacked
from vantage_ingest.masks.watch import MaskWatch

from .mask_pictures import NOW_US, QUAD, Planes, coded, covered, mask, scene
from .test_masking_reader import camera

OWN = mask(applied_by="camera")
DEADLINE_S = 30.0


def fragment(picture: Planes) -> Cut:
    """What a worker makes of a second of this picture."""
    units = coded([picture] * 30)
    made = Assembler(1, CaptureClock(60_000_000), 7, lambda: 8)
    made.connect(sets_in("h264", units[0].nals))
    return next(cut for unit in units if (cut := made.feed(unit)) is not None)


@pytest.fixture(scope="module")
def masked() -> Cut:
    return fragment(covered(scene(), QUAD))


@pytest.fixture(scope="module")
def unmasked() -> Cut:
    return fragment(scene())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_US)


@pytest.fixture
def inspector(tmp_path: Path, clock: ManualClock) -> Inspector:
    return Inspector(tmp_path, clock.now_us)


def files(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "inspect").glob("*") if path.is_file())


def condition(state: str = "online") -> Condition:
    return Condition("hk1.street", state, NOW_US - 5)  # type: ignore[arg-type]


class TestTheSampler:
    def test_takes_the_first_fragment_and_then_one_in_a_while(self, tmp_path: Path, masked: Cut) -> None:
        sampler = Sampler(tmp_path, every_s=600)
        waiting = tmp_path / "inspect" / "hk1.street-main.mp4"
        taken = []
        for now in (5.0, 6.0, 604.0, 605.0, 606.0):
            sampler.take(camera(OWN), masked, now)
            taken.append(waiting.exists())
            waiting.unlink(missing_ok=True)
        assert taken == [True, False, False, True, False]

    def test_takes_one_at_once_where_a_mask_was_changed(self, tmp_path: Path, masked: Cut) -> None:
        sampler = Sampler(tmp_path, every_s=600)
        sampler.take(camera(OWN), masked, 0.0)
        other = mask([(0, 0), (900, 0), (900, 900)])
        sampler.take(camera(other), masked, 1.0)
        sample, video = unpacked((tmp_path / "inspect" / "hk1.street-main.mp4").read_bytes())
        assert sample == Sample(camera_id="hk1.street", stream="main", taken_us=masked.start, masks=[other])
        assert video == masked.init + masked.data

    def test_takes_none_of_a_camera_without_masks(self, tmp_path: Path, masked: Cut) -> None:
        Sampler(tmp_path, every_s=600).take(camera(), masked, 0.0)
        assert not (tmp_path / "inspect").exists()

    def test_keeps_one_file_a_stream_and_no_half_one(self, tmp_path: Path, masked: Cut) -> None:
        sampler = Sampler(tmp_path, every_s=1)
        for now in range(4):
            sampler.take(camera(OWN), masked, now * 2.0)
            sampler.take(camera(OWN), masked, now * 2.0, "sub")
        assert files(tmp_path) == ["hk1.street-main.mp4", "hk1.street-sub.mp4"]

    def test_outlives_a_disk_that_takes_nothing(self, tmp_path: Path, masked: Cut) -> None:
        (tmp_path / "inspect").write_text("a file where the folder should be")
        sampler = Sampler(tmp_path, every_s=600)
        sampler.take(camera(OWN), masked, 0.0)
        (tmp_path / "inspect").unlink()
        sampler.take(camera(OWN), masked, 29.0)
        assert not (tmp_path / "inspect").exists()
        sampler.take(camera(OWN), masked, 30.0)
        assert files(tmp_path) == ["hk1.street-main.mp4"]

    def test_begins_anew_with_a_camera_that_comes_back(self, tmp_path: Path, masked: Cut) -> None:
        sampler = Sampler(tmp_path, every_s=600)
        sampler.take(camera(OWN), masked, 0.0)
        (tmp_path / "inspect" / "hk1.street-main.mp4").unlink()
        sampler.forget("hk1.street")
        sampler.take(camera(OWN), masked, 1.0)
        assert files(tmp_path) == ["hk1.street-main.mp4"]


class TestTheInspector:
    def look(self, state: Path, cut: Cut, *masks: Mask) -> Report:
        Sampler(state, every_s=600).take(camera(*masks), cut, 0.0)
        Inspector(state, lambda: NOW_US).turn()
        return Results(state).load("hk1.street", "main")

    def test_sees_a_mask_and_keeps_no_sample(self, tmp_path: Path, masked: Cut) -> None:
        report = self.look(tmp_path, masked, OWN)
        assert [(one.mask, one.verdict) for one in report.seen] == [(OWN, "blank")]
        assert report.taken_us == masked.start
        assert files(tmp_path) == []

    def test_sees_which_mask_is_missing(self, tmp_path: Path, masked: Cut) -> None:
        second = mask([(50_000, 3_000), (64_000, 3_000), (64_000, 33_000)], "door", "camera")
        report = self.look(tmp_path, masked, OWN, second)
        assert [(one.mask.mask_id, one.verdict) for one in report.seen] == [("flats", "blank"), ("door", "shown")]

    def test_goes_on_from_what_was_known(self, tmp_path: Path, masked: Cut, unmasked: Cut) -> None:
        first = self.look(tmp_path, masked, OWN)
        assert self.look(tmp_path, unmasked, OWN).seen[0].verdict == "shown"
        again = self.look(tmp_path, masked, OWN)
        assert again.seen[0].value == first.seen[0].value

    def test_says_of_a_sample_that_cannot_be_decoded_that_it_is_none(self, tmp_path: Path, masked: Cut) -> None:
        self.look(tmp_path, masked, OWN)
        sample = Sample(camera_id="hk1.street", stream="main", taken_us=9, masks=[OWN])
        half = masked.init + masked.data[: len(masked.data) // 9]
        for number, video in enumerate((b"", b"noise" * 99, half[:40], half, masked.init), 1):
            (tmp_path / "inspect" / "hk1.street-main.mp4").write_bytes(packed(sample, video))
            Inspector(tmp_path, lambda: NOW_US).turn()
            report = Results(tmp_path).load("hk1.street", "main")
            assert report.unreadable == number
            assert report.trouble
            assert report.seen[0].verdict == "blank", "nothing is taken back, the count is the news"
        assert Results(tmp_path).alarm(camera(OWN)) is not None

    def test_outlives_a_sample_that_is_none(self, tmp_path: Path, inspector: Inspector) -> None:
        (tmp_path / "inspect").mkdir()
        for number, content in enumerate((b"", b"\0\0", b"\0\0\0\x05hello", b"\xff" * 99)):
            (tmp_path / "inspect" / f"hk1.{number}-main.mp4").write_bytes(content)
        assert inspector.turn() == 4
        assert files(tmp_path) == []

    def test_says_which_sample_it_died_of_and_does_not_die_of_it_again(
        self, tmp_path: Path, inspector: Inspector, masked: Cut
    ) -> None:
        Sampler(tmp_path, every_s=600).take(camera(OWN), masked, 0.0)
        waiting = tmp_path / "inspect" / "hk1.street-main.mp4"
        waiting.rename(waiting.with_suffix(".checking"))
        inspector.recover()
        assert files(tmp_path) == []
        report = Results(tmp_path).load("hk1.street", "main")
        assert report.unreadable == 1
        assert "ended while it decoded" in report.trouble

    def test_begins_anew_where_what_was_known_is_damaged(self, tmp_path: Path, masked: Cut) -> None:
        self.look(tmp_path, masked, OWN)
        (tmp_path / "inspect" / "results" / "hk1.street-main.json").write_bytes(b"{")
        assert self.look(tmp_path, masked, OWN).seen[0].verdict == "blank"


class TestTheWatch:
    def test_makes_a_camera_unmasked_until_it_is_seen_blank(
        self, tmp_path: Path, clock: ManualClock, inspector: Inspector, masked: Cut, unmasked: Cut
    ) -> None:
        watch, told = MaskWatch(Results(tmp_path), clock), camera(OWN)

        def after(cut: Cut) -> Condition:
            Sampler(tmp_path, every_s=600).take(told, cut, 0.0)
            inspector.turn()
            clock.advance(1)
            watch.refresh([told])
            return watch.over(condition())

        assert after(masked) == condition()
        first = after(unmasked)
        assert first.state == "unmasked"
        assert "flats" in first.cause
        assert first.remedy
        assert first.since_us == clock.now_us()
        assert after(unmasked) == first
        assert watch.over(condition("stalled")) == condition("stalled")
        assert after(masked) == condition()

    def test_knows_the_alarm_after_a_restart(
        self, tmp_path: Path, clock: ManualClock, inspector: Inspector, unmasked: Cut
    ) -> None:
        Sampler(tmp_path, every_s=600).take(camera(OWN), unmasked, 0.0)
        inspector.turn()
        again = MaskWatch(Results(tmp_path), clock)
        again.refresh([camera(OWN)])
        assert again.over(condition()).state == "unmasked"
        again.refresh([camera()])
        assert again.over(condition()) == condition()


class TestTheProcess:
    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.02)

    def test_is_started_where_it_is_needed_and_again_where_it_died(self, clock: ManualClock) -> None:
        process = InspectorProcess(clock, (sys.executable, "-c", "import time; time.sleep(600)"))
        process.turn(needed=False)
        assert process.pid == 0
        process.turn(needed=True)
        first = process.pid
        os.kill(first, 9)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        process.turn(needed=True)
        assert process.pid == 0, "it waits before it tries again"
        clock.advance(60)
        process.turn(needed=True)
        assert process.pid not in (0, first)
        process.stop()
        assert process.pid == 0

    def test_looks_at_samples_and_ends_with_its_parent(self, tmp_path: Path, unmasked: Cut) -> None:
        Sampler(tmp_path, every_s=600).take(camera(OWN), unmasked, 0.0)
        child = (
            "import pathlib, time; from vantage_ingest.masks.inspector import run; "
            f"run(pathlib.Path({str(tmp_path)!r}), lambda: time.time_ns() // 1000)"
        )
        parent = (
            "import subprocess, sys, time; "
            f"child = subprocess.Popen([sys.executable, '-c', {child!r}]); "
            "print(child.pid, flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            try:
                self.until(lambda: Results(tmp_path).alarm(camera(OWN)))
                assert os.getpriority(os.PRIO_PROCESS, pid) > 0
            finally:
                process.kill()
            self.until(lambda: not _lives(pid))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    report = Report(camera_id="hk1.street", stream="sub", taken_us=3, unreadable=1, trouble="no")
    Results(tmp_path).save(report)
    assert Results(tmp_path).load("hk1.street", "sub") == report
    assert msgspec.json.decode((tmp_path / "inspect" / "results" / "hk1.street-sub.json").read_bytes())


def test_a_camera_without_masks_has_no_alarm(tmp_path: Path) -> None:
    assert Results(tmp_path).alarm(camera()) is None
    assert isinstance(camera(), Camera)
