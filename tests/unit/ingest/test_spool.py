"""The spool: what was written is found again after any crash, and a disk that is full says so."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vantage_ingest.adapters.spool import Spool
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
    assert finished.data.read_bytes() == INIT + b"".join(cut(number).data for number in range(3))
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
        kept = found.data.read_bytes()
        assert kept == content[: len(kept)]
        assert len(kept) == found.size <= left
        assert found.entries[-1].range.offset + found.entries[-1].range.length == len(kept)
        spool.remove(found)
    assert not list(tmp_path.glob("*.mp4"))
    assert not list(tmp_path.glob("*.journal"))


def test_a_fragment_whose_bytes_are_damaged_and_all_after_it_are_cut_off(tmp_path: Path) -> None:
    killed(tmp_path)
    data = tmp_path / "rec_1.mp4"
    content = bytearray(data.read_bytes())
    content[len(INIT) + len(cut(0).data)] ^= 1
    data.write_bytes(content)
    (found,) = Spool(tmp_path, MIB).recover()
    assert len(found.entries) == 1
    assert data.read_bytes() == INIT + cut(0).data


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
    assert finished.data.read_bytes() == INIT + cut(0).data + cut(1).data


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    with pytest.raises(SpoolUnavailable, match="VANTAGE_STATE_DIR"):
        recording(Spool(tmp_path / "spool", MIB))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EIO])
def test_each_fault_of_the_disk_has_a_remedy(number: int) -> None:
    assert "VANTAGE_STATE_DIR" in str(unavailable(OSError(number, os.strerror(number))))
