"""What real disks do to the spool: full, read-only, failing, cut off from power, and a process that is killed.

File systems of the test's own are mounted where the machine allows that; elsewhere those tests are skipped by name.
"""

import fcntl
import hashlib
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs

from vantage.contracts import Recording
from vantage.contracts.recording import Gap
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_check import verified
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.recorder import Recorder
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.stack import Stack

from .conftest import Ingest, Register, Topics, until
from .disk_writer import CAMERAS, cut

KIB, MIB = 1 << 10, 1 << 20
_GO_DOWN = 0x8004587D  # FS_IOC_SHUTDOWN of Linux: from now on each call on the file system fails
_WITHOUT_LOG = 2  # and nothing more of its journal is written: what a power cut leaves
WRITER = Path(__file__).with_name("disk_writer.py")


def run(*command: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, check=False, capture_output=True)


class Disk:
    """A file system of the test's own on a loop device."""

    def __init__(self, folder: Path) -> None:
        self._image, self.path = folder / "image", folder / "disk"
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(64 * MIB)

    def make(self) -> None:
        if shutil.which("mkfs.ext4") is None or run("mkfs.ext4", "-q", "-F", self._image).returncode:
            pytest.skip("no file system can be made here (mkfs.ext4)")
        self.mount()

    def mount(self) -> None:
        if (done := run("mount", "-o", "loop", self._image, self.path)).returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")

    def mounted(self, how: str) -> None:
        assert run("mount", "-o", f"remount,{how}", self.path).returncode == 0

    def go_down(self) -> None:
        """Fail from now on, as a disk that was pulled out."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _GO_DOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(handle)

    def come_back(self) -> None:
        """Be mounted again, with what had really reached it."""
        self.close()
        self.mount()

    def close(self) -> None:
        if run("umount", self.path).returncode:
            run("umount", "-l", self.path)  # a test that failed has files open there


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    try:
        made.make()
        yield made
    finally:
        made.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if (done := run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)).returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield folder
    run("umount", folder)


class Desk:
    """One camera that is recorded on a disk; what is remembered of it is on another."""

    def __init__(self, folder: Path, memory: Path, limit: int = 1 << 40) -> None:
        self.finished: list[Finished] = []
        self.spool = Spool(folder / "spool", limit)
        self.recorder = Recorder("hk1.disk", self.spool, Ends(memory / "ends"), self.finished.append, seconds=60)

    def add(self, numbers: range) -> None:
        for number in numbers:
            self.recorder.add(cut(number))

    def gap(self) -> Gap:
        """The gap before the last recording, which is ended for it."""
        self.recorder.ended(None)
        gap = self.finished[-1].head.gap_before
        assert gap is not None
        return gap


def whole(finished: Finished) -> bool:
    return verified(finished, patient=True) == (finished.entries, finished.sha256)


class TestAFullDisk:
    def test_is_the_gaps_cause_and_what_was_recorded_before_it_stays(self, small: Path, tmp_path: Path) -> None:
        desk = Desk(small, tmp_path)
        desk.add(range(20))
        assert "free space" in desk.recorder.fault
        (before,) = desk.finished
        assert whole(before)
        desk.spool.remove(before)
        desk.add(range(20, 22))
        assert not desk.recorder.fault
        gap = desk.gap()
        assert (gap.start, gap.end, gap.cause) == (before.end, cut(20).start, "spool-full")

    def test_leaves_nothing_half_written_for_the_next_start(self, small: Path, tmp_path: Path) -> None:
        desk = Desk(small, tmp_path)
        desk.add(range(20))
        (found,) = Spool(small / "spool", MIB).recover()
        assert found.entries == desk.finished[0].entries

    def test_that_others_fill_is_no_end(self, small: Path, tmp_path: Path) -> None:
        desk = Desk(small, tmp_path)
        desk.add(range(2))
        (small / "other").write_bytes(bytes(os.statvfs(small).f_bavail * os.statvfs(small).f_frsize))
        desk.add(range(2, 5))
        assert desk.recorder.fault
        (small / "other").unlink()
        desk.add(range(5, 7))
        assert not desk.recorder.fault
        gap = desk.gap()
        assert (gap.start, gap.end, gap.cause) == (cut(2).start, cut(5).start, "spool-full")


class TestAReadOnlyDisk:
    def test_is_the_gaps_cause_and_recording_goes_on_when_it_can_be_written(self, disk: Disk, tmp_path: Path) -> None:
        desk = Desk(disk.path, tmp_path)
        desk.add(range(3))
        desk.recorder.ended(None)
        disk.mounted("ro")
        desk.add(range(3, 6))
        assert "mount the disk" in desk.recorder.fault
        assert whole(desk.finished[0]), "what is there can still be read, and uploaded"
        with pytest.raises(OSError, match="Read-only"):
            desk.spool.remove(desk.finished[0])
        disk.mounted("rw")
        desk.add(range(6, 8))
        gap = desk.gap()
        assert (gap.start, gap.end, gap.cause) == (cut(3).start, cut(6).start, "disk-failed")
        desk.spool.remove(desk.finished[0])


class TestADiskThatFails:
    def test_is_the_gaps_cause_and_recording_goes_on_when_it_is_back(self, disk: Disk, tmp_path: Path) -> None:
        desk = Desk(disk.path, tmp_path)
        desk.add(range(3))
        desk.spool.sync()
        disk.go_down()
        desk.add(range(3, 6))
        assert "Input/output error" in desk.recorder.fault
        disk.come_back()
        desk.add(range(6, 8))
        assert not desk.recorder.fault
        gap = desk.gap()
        assert (gap.start, gap.end, gap.cause) == (cut(3).start, cut(6).start, "disk-failed")

    def test_at_a_power_cut_keeps_what_was_forced_to_it(self, disk: Disk, tmp_path: Path) -> None:
        desk = Desk(disk.path, tmp_path)
        desk.add(range(5))
        desk.spool.sync()
        desk.add(range(5, 40))
        disk.go_down()
        desk.recorder.ended(None)  # the machine is gone: so are its open files
        disk.come_back()
        spool = Spool(disk.path / "spool", MIB)
        (found,) = spool.recover()
        kept, _ = verified(found, patient=True)
        assert [entry.range.sha256 for entry in kept[:5]] == [cut(number).sha256 for number in range(5)]


class TestALimitOnFiles:
    """What works without rights: a process may limit the size of its own files."""

    def test_is_the_gaps_cause_and_recording_goes_on_in_the_next_file(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, tmp_path)
        desk.add(range(2))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (150 * KIB, hard))
            desk.add(range(2, 3))
            assert "ulimit -f" in desk.recorder.fault
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert whole(desk.finished[0])
        desk.add(range(3, 4))
        gap = desk.gap()
        assert (gap.start, gap.end, gap.cause) == (cut(2).start, cut(3).start, "spool-full")


class TestAKill:
    @pytest.mark.parametrize("seed", range(8))
    def test_at_any_point_leaves_what_the_journal_says(self, tmp_path: Path, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        with subprocess.Popen([sys.executable, WRITER, tmp_path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline().decode().strip() for _ in range(chance.randrange(1, 120))]
            writer.kill()
            said += writer.stdout.read().decode().split("\n")[:-1]
        spool = Spool(tmp_path / "spool", 1 << 30)
        left = spool.recover()
        for found in left:
            assert verified(found, patient=True)[0] == found.entries
        kept = [entry.range.sha256 for found in left for entry in found.entries]
        assert set(said) <= set(kept)
        assert len(kept) - len(said) <= CAMERAS, "at most what was written and not yet said"
        for camera in {found.head.camera_id for found in left}:
            own = sorted((one.head.start, one.end) for one in left if one.head.camera_id == camera)
            assert all(before[1] == after[0] for before, after in pairwise(own))


class TestAStartWithAFullSpool:
    COUNT = 1000

    def test_reads_the_journals_and_not_the_video(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, tmp_path)
        desk.add(range(1))
        desk.recorder.ended(None)
        head = desk.finished[0].head
        for number in range(self.COUNT):
            name = f"rec_{number:04}"
            open_ = desk.spool.begin(structs.replace(head, recording_id=name, gap_before=None), b"init")
            for fragment in range(4):
                open_.append(cut(fragment))
            desk.spool.finish(open_)
        spool = Spool(tmp_path / "spool", 1 << 40)
        before = bytes_read()
        found = spool.recover()
        assert len(found) == self.COUNT + 1
        assert spool.size == desk.spool.size > 200 * MIB
        assert bytes_read() - before < spool.size / 50


class TestAStoreThatIsAwayForLong:
    def test_fills_the_spool_and_what_it_took_is_brought_away_afterwards(
        self,
        ingest: Ingest,
        register: Register,
        topics: Topics,
        virtual_cameras: VirtualCameras,
        stack: Stack,
    ) -> None:
        camera = register.add("filled", virtual_cameras.url(4))
        ingest.start(VANTAGE_INGEST_SPOOL_MIB="1", VANTAGE_INGEST_WORKERS="1", VANTAGE_INGEST_LIVE_MAX_AGE_SECONDS="2")
        until(lambda: topics.recordings(camera), "a recording")
        with stack.away("store"):
            until(lambda: ingest.metric("vantage_ingest_spool_failures_total") > 1, "the spool is full")
            told = until(lambda: topics.status(camera, "online"), "the camera is still read")
            until(lambda: "spool" in (topics.status(camera, "online") or told).cause, "its status says why")
            assert ingest.metric("vantage_ingest_spool_bytes") <= MIB
            assert ingest.metric("vantage_ingest_live_dropped_total") > 0
        after = until(lambda: full(topics.recordings(camera)), "recording resumes by itself")
        until(lambda: ingest.metric("vantage_ingest_spool_recordings") == 0, "the spool is brought away")
        recordings = topics.recordings(camera)
        for before, following in pairwise(recordings):
            gap = following.gap_before
            assert (gap.start, gap.end) == (before.end, following.start) if gap else before.end == following.start
        assert [one.gap_before.cause for one in recordings[1:] if one.gap_before] == ["spool-full"] * len(after)
        store = stack.store.access.open()
        for recording in recordings:
            data = store.get(recording.bucket, recording.object)
            assert hashlib.sha256(data).hexdigest() == recording.sha256


def full(recordings: list[Recording]) -> list[Recording]:
    """Those before which the spool was full."""
    return [one for one in recordings if one.gap_before is not None and one.gap_before.cause == "spool-full"]


def bytes_read() -> int:
    """What this process has read since it began, from disk or cache."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])
