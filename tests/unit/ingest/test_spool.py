"""The spool: what was written is found again after any crash, and a disk that is full says so."""

import ctypes
import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vantage.fragment_digests import trailer
from vantage_ingest.adapters import disk
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_check import verified
from vantage_ingest.adapters.spool_files import OpenRecording, unavailable
from vantage_ingest.domain.recording import Head
from vantage_ingest.errors import SpoolUnavailable

from .conftest import cut
from .test_journal import INIT, head

MIB = 1 << 20


def recording(spool: Spool, name: str = "rec_1") -> OpenRecording:
    given_head = head()
    own = Head(**{field: getattr(given_head, field) for field in given_head.__struct_fields__} | {"recording_id": name})
    return spool.begin(own, INIT)


def digest(content: bytes, fragments: int) -> str:
    """The SHA-256 of the object that these bytes of so many fragments are uploaded as."""
    return hashlib.sha256(content + trailer(cut(number).sha256 for number in range(fragments))).hexdigest()


def killed(folder: Path, fragments: int = 3) -> bytes:
    """Leave a recording as a kill leaves it; gives the bytes of its data file."""
    open_ = recording(Spool(folder, MIB))
    for number in range(fragments):
        open_.append(cut(number))
    return (folder / "rec_1.mp4").read_bytes()


def test_a_finished_recording_is_there_whole_until_it_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    open_ = recording(spool)
    for number in range(3):
        open_.append(cut(number))
    finished = spool.finish(open_)
    assert finished is not None
    content = INIT + b"".join(cut(number).data for number in range(3))
    assert finished.data.read_bytes() == content
    assert finished.sha256 == digest(content, 3)
    assert finished.end == cut(3).start
    spool.remove(finished)
    assert not list(tmp_path.iterdir())


def test_a_recording_without_a_fragment_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MIB)
    assert spool.finish(recording(spool)) is None
    assert not list(tmp_path.iterdir())


def test_a_kill_between_fragments_costs_nothing(tmp_path: Path) -> None:
    data = killed(tmp_path)
    (found,) = Spool(tmp_path, MIB).recover()
    assert found.sha256 is None, "what an earlier process wrote is verified before it is sent"
    assert [entry.range.sha256 for entry in found.entries] == [cut(number).sha256 for number in range(3)]
    assert found.data.read_bytes() == data
    assert found.head == head()
    (again,) = Spool(tmp_path, MIB).recover()
    assert again.entries == found.entries


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_after_any_torn_write_the_whole_fragments_are_recovered(tmp_path: Path, data: st.DataObject) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    content = killed(tmp_path)
    left = data.draw(st.integers(0, len(content)), label="bytes of data")
    os.truncate(tmp_path / "rec_1.mp4", left)
    journal = tmp_path / "rec_1.journal"
    os.truncate(journal, data.draw(st.integers(0, journal.stat().st_size), label="bytes of journal"))
    spool = Spool(tmp_path, MIB)
    for found in spool.recover():
        assert found.data.read_bytes()[: found.size] == content[: found.size]
        assert found.size <= left
        assert found.entries[-1].range.offset + found.entries[-1].range.length == found.size
        assert verified(found, patient=True) == (found.entries, digest(content[: found.size], len(found.entries)))
        spool.remove(found)
    assert spool.size == 0
    assert not list(tmp_path.glob("*.mp4"))
    assert not list(tmp_path.glob("*.journal"))


def test_a_fragment_whose_bytes_are_damaged_and_all_after_it_are_cut_off(tmp_path: Path) -> None:
    killed(tmp_path)
    data = tmp_path / "rec_1.mp4"
    content = bytearray(data.read_bytes())
    content[len(INIT) + len(cut(0).data)] ^= 1
    data.write_bytes(content)
    spool = Spool(tmp_path, MIB)
    (found,) = spool.recover()
    kept, sha256 = verified(found, patient=True)
    assert [entry.range.sha256 for entry in kept] == [cut(0).sha256]
    assert sha256 == digest(INIT + cut(0).data, 1)
    spool.cut(found, kept)
    assert (found.size, spool.size) == (len(INIT + cut(0).data),) * 2


def test_a_journal_that_is_damaged_at_its_head_is_set_aside_and_kept(tmp_path: Path) -> None:
    killed(tmp_path)
    journal = tmp_path / "rec_1.journal"
    journal.write_bytes(b"0" + journal.read_bytes())
    assert Spool(tmp_path, MIB).recover() == []
    assert {path.name for path in tmp_path.iterdir()} == {"rec_1.mp4.broken", "rec_1.journal.broken"}


def test_data_without_a_journal_was_uploaded_and_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "rec_9.mp4").write_bytes(b"x")
    assert Spool(tmp_path, MIB).recover() == []
    assert not list(tmp_path.iterdir())


def test_the_limit_is_held_and_what_was_written_before_it_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path, len(INIT) + 2 * len(cut(0).data))
    open_ = recording(spool)
    open_.append(cut(0))
    open_.append(cut(1))
    with pytest.raises(SpoolUnavailable, match="VANTAGE_INGEST_SPOOL_MIB"):
        open_.append(cut(2))
    finished = spool.finish(open_)
    assert finished is not None
    assert len(finished.entries) == 2
    with pytest.raises(SpoolUnavailable):
        recording(spool, "rec_2")
    spool.remove(finished)
    recording(spool, "rec_2").append(cut(0))


def test_a_write_that_fails_half_way_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, MIB)
    open_ = recording(spool)
    open_.append(cut(0))
    real = os.pwrite

    def half(file: int, data: bytes, at: int) -> int:
        real(file, bytes(data)[: len(data) // 2], at)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half)
        with pytest.raises(SpoolUnavailable, match="free space"):
            open_.append(cut(1))
    open_.append(cut(1))
    finished = spool.finish(open_)
    assert finished is not None
    content = INIT + cut(0).data + cut(1).data
    assert finished.data.read_bytes() == content
    assert finished.sha256 == digest(content, 2)


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    with pytest.raises(SpoolUnavailable, match="VANTAGE_STATE_DIR"):
        recording(Spool(tmp_path / "spool", MIB))


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ENOSPC, "spool-full"),
        (errno.EDQUOT, "spool-full"),
        (errno.EFBIG, "spool-full"),
        (errno.EROFS, "disk-failed"),
        (errno.EACCES, "disk-failed"),
        (errno.EIO, "disk-failed"),
    ],
)
def test_each_fault_of_the_disk_has_a_cause_and_a_remedy(number: int, cause: str) -> None:
    said = unavailable(OSError(number, os.strerror(number)))
    assert said.cause == cause
    assert "VANTAGE_STATE_DIR" in str(said) or "ulimit" in str(said)


def test_the_limit_can_be_changed_while_it_is_used(tmp_path: Path) -> None:
    size = len(cut(0).data)
    spool = Spool(tmp_path, len(INIT) + size)
    open_ = recording(spool)
    open_.append(cut(0))
    with pytest.raises(SpoolUnavailable):
        open_.append(cut(1))
    spool.resize(len(INIT) + 2 * size)
    open_.append(cut(1))
    assert spool.filled == 1.0
    spool.resize(size)
    assert spool.filled > 1
    with pytest.raises(SpoolUnavailable) as full:
        open_.append(cut(2))
    assert full.value.cause == "spool-full"
    finished = spool.finish(open_)
    assert finished is not None
    assert len(finished.entries) == 2, "what is there stays"


def test_a_torn_write_that_cannot_be_taken_back_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, MIB)
    open_ = recording(spool)
    open_.append(cut(0))
    real = os.pwrite

    def torn(file: int, data: bytes, at: int) -> int:
        real(file, data[: len(data) // 2], at)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", torn)
        patch.setattr(os, "ftruncate", read_only)
        with pytest.raises(SpoolUnavailable, match="mount the disk"):
            open_.append(cut(1))
    finished = spool.finish(open_)
    assert finished is not None
    assert finished.size == len(INIT + cut(0).data)
    (found,) = Spool(tmp_path, MIB).recover()
    assert found.entries == finished.entries


class TestForcing:
    def test_one_call_forces_all_recordings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[int] = []
        spool = Spool(tmp_path, MIB)
        for number in range(20):
            recording(spool, f"rec_{number}").append(cut(0))

        def counted(handle: int) -> int:
            calls.append(handle)
            return 0

        monkeypatch.setattr(disk, "_syncfs", counted)
        spool.sync()
        assert len(calls) == 1

    def test_a_disk_that_lost_what_was_written_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(_: int) -> int:
            ctypes.set_errno(errno.EIO)
            return -1

        monkeypatch.setattr(disk, "_syncfs", failing)
        with pytest.raises(SpoolUnavailable) as failed:
            Spool(tmp_path, MIB).sync()
        assert failed.value.cause == "disk-failed"

    def test_a_system_without_the_call_forces_everything(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []
        monkeypatch.setattr(disk, "_syncfs", None)
        monkeypatch.setattr(os, "sync", lambda: calls.append("sync"))
        Spool(tmp_path, MIB).sync()
        assert calls == ["sync"]

    def test_a_spool_that_was_never_written_has_nothing_to_force(self, tmp_path: Path) -> None:
        Spool(tmp_path / "none", MIB).sync()
