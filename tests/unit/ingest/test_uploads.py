"""A recording leaves the spool only when it is whole in the store and announced; until then it is tried again."""

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from vantage.clock import SystemClock
from vantage.contracts import Message, Recording
from vantage.contracts.recording import Gap
from vantage.errors import BrokerUnavailable, KeyDestroyed
from vantage.fragment_digests import trailer
from vantage.health import Readiness
from vantage.objects import FileBytes, ObjectInfo
from vantage.testing import MemoryObjectStore
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.buckets import Buckets
from vantage_ingest.domain.recording import object_key
from vantage_ingest.uploads import Uploads

from .conftest import cut
from .test_journal import INIT, head

DEADLINE_S = 20.0


class Log:
    def __init__(self) -> None:
        self.queued: list[Message] = []
        self.delivered: list[Recording] = []
        self.away = False

    def publish(self, topic: str, message: Message) -> None:
        assert topic == "recordings.v1"
        self.queued.append(message)

    def flush(self) -> None:
        queued, self.queued = self.queued, []
        if self.away:
            msg = "away"
            raise BrokerUnavailable(msg)
        self.delivered += [message for message in queued if isinstance(message, Recording)]


class Desk:
    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder, 1 << 20)
        self.store = MemoryObjectStore()
        self.store.ensure_bucket("footage")
        self.log = Log()
        buckets = Buckets(self.store, Readiness())
        self.uploads = Uploads(self.store, buckets, self.log, self.spool, SystemClock(), threads=1)
        self.uploads.start()

    def finished(self, name: str = "rec_1") -> Finished:
        open_ = self.spool.begin(structs.replace(head(), recording_id=name), INIT)
        for number in range(3):
            open_.append(cut(number))
        found = self.spool.finish(open_)
        assert found is not None
        return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.uploads.stop(5)


def counting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that are put from now on."""
    puts: list[str] = []
    real = desk.store.put

    def counted(bucket: str, key: str, data: FileBytes, kind: str, *, sha256: str) -> ObjectInfo:
        puts.append(key)
        return real(bucket, key, data, kind, sha256=sha256)

    monkeypatch.setattr(desk.store, "put", counted)
    return puts


CONTENT = INIT + b"".join(cut(number).data for number in range(3))
OBJECT = CONTENT + trailer(cut(number).sha256 for number in range(3))


def test_a_recording_is_uploaded_announced_and_removed(desk: Desk, tmp_path: Path) -> None:
    desk.uploads.add(desk.finished())
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    (said,) = desk.log.delivered
    data = desk.store.get(said.bucket, said.object)
    assert data == OBJECT
    assert (said.size, said.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert said.gap_before == head().gap_before


def test_it_stays_on_the_disk_while_the_store_is_away(desk: Desk, tmp_path: Path) -> None:
    desk.store.away = True
    desk.uploads.add(desk.finished())
    until(lambda: desk.uploads._backoff.tries)
    assert (tmp_path / "rec_1.mp4").exists()
    desk.store.away = False
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))


def test_it_stays_on_the_disk_until_it_is_announced_and_is_not_written_again(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    puts = counting(desk, monkeypatch)
    desk.log.away = True
    desk.uploads.add(desk.finished())
    until(lambda: desk.uploads._backoff.tries)
    assert (tmp_path / "rec_1.mp4").exists()
    assert not desk.log.delivered
    desk.log.away = False
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    assert puts == [object_key(head())]


def test_of_a_day_whose_key_was_destroyed_it_is_removed_and_holds_up_no_other(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, in_time = desk.finished(), desk.finished("rec_2")
    real = desk.store.put

    def put(bucket: str, key: str, data: FileBytes, kind: str, *, sha256: str) -> ObjectInfo:
        if key == object_key(late.head):
            msg = f"the key of {key} was destroyed"
            raise KeyDestroyed(msg)
        return real(bucket, key, data, kind, sha256=sha256)

    monkeypatch.setattr(desk.store, "put", put)
    for one in (late, in_time):
        desk.uploads.add(one)
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    assert [said.recording_id for said in desk.log.delivered] == ["rec_2"]


def test_an_object_that_is_not_what_was_sent_is_sent_again(desk: Desk, tmp_path: Path) -> None:
    desk.store.put("footage", object_key(head()), OBJECT[:-1])
    desk.uploads.add(desk.finished())
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    assert desk.store.get("footage", object_key(head())) == OBJECT


def test_a_stop_brings_away_what_waits_and_leaves_it_where_the_store_is_away(tmp_path: Path) -> None:
    for away in (False, True):
        desk = Desk(tmp_path / str(away))
        desk.store.away = away
        for number in range(5):
            desk.uploads.add(desk.finished(f"rec_{number}"))
        desk.uploads.stop(DEADLINE_S)
        assert len(desk.log.delivered) == (0 if away else 5)


class TestWhatAnEarlierProcessLeft:
    def left(self, desk: Desk) -> Finished:
        desk.finished()
        (found,) = desk.spool.recover()
        return found

    def test_is_verified_and_brought_away(self, desk: Desk, tmp_path: Path) -> None:
        desk.uploads.add(self.left(desk))
        until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
        (said,) = desk.log.delivered
        assert said.sha256 == hashlib.sha256(OBJECT).hexdigest()

    def test_is_not_written_again_where_it_reached_the_store(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        desk.store.put("footage", object_key(head()), OBJECT)
        puts = counting(desk, monkeypatch)
        desk.uploads.add(self.left(desk))
        until(lambda: desk.log.delivered)
        assert not puts

    def test_replaces_what_is_of_its_size_and_something_else(self, desk: Desk) -> None:
        desk.store.put("footage", object_key(head()), bytes(len(OBJECT)))
        desk.uploads.add(self.left(desk))
        until(lambda: desk.log.delivered)
        assert desk.store.get("footage", object_key(head())) == OBJECT


class TestDamage:
    def damaged(self, desk: Desk) -> Finished:
        """The last of three fragments is not as it was hashed."""
        finished = desk.finished()
        data = bytearray(CONTENT)
        data[-1] ^= 1
        finished.data.write_bytes(data)
        return finished

    def next(self, desk: Desk, gap: Gap | None) -> Finished:
        """The recording that was begun when the damaged one was believed to be whole."""
        own = structs.replace(head(cut(3).start), recording_id="rec_next", gap_before=gap)
        open_ = desk.spool.begin(own, INIT)
        open_.append(cut(3))
        found = desk.spool.finish(open_)
        assert found is not None
        return found

    def test_is_found_by_the_store_cut_off_and_never_announced(self, desk: Desk, tmp_path: Path) -> None:
        desk.uploads.add(self.damaged(desk))
        until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
        (said,) = desk.log.delivered
        assert len(said.fragments) == 2
        kept = desk.store.get(said.bucket, said.object)
        assert kept == INIT + cut(0).data + cut(1).data + trailer([cut(0).sha256, cut(1).sha256])
        assert len(kept) == said.size
        assert said.sha256 == hashlib.sha256(kept).hexdigest()
        until(lambda: desk.spool.size == 0)

    def test_is_a_gap_before_the_next_recording(self, desk: Desk) -> None:
        following = self.next(desk, None)
        desk.uploads.add(self.damaged(desk))
        until(lambda: desk.log.delivered)
        desk.uploads.add(following)
        until(lambda: len(desk.log.delivered) == 2)
        gap = desk.log.delivered[1].gap_before
        assert gap is not None
        assert (gap.start, gap.end, gap.cause) == (cut(2).start, cut(3).start, "disk-failed")

    def test_makes_a_gap_that_is_there_longer(self, desk: Desk) -> None:
        stalled = Gap(start=cut(3).start, end=cut(3).start, cause="stream-stalled", detail="nothing for 8 s")
        following = self.next(desk, stalled)
        desk.uploads.add(self.damaged(desk))
        until(lambda: desk.log.delivered)
        desk.uploads.add(following)
        until(lambda: len(desk.log.delivered) == 2)
        gap = desk.log.delivered[1].gap_before
        assert gap is not None
        assert (gap.start, gap.cause) == (cut(2).start, "stream-stalled")
        assert gap.detail == "nothing for 8 s; the spool's disk lost what was written"

    def test_of_the_whole_file_leaves_nothing_behind(self, desk: Desk, tmp_path: Path) -> None:
        finished = desk.finished()
        finished.data.write_bytes(b"?" * len(CONTENT))
        desk.uploads.add(finished)
        until(lambda: not list(tmp_path.iterdir()))
        assert not desk.log.delivered
        until(lambda: desk.spool.size == 0)

    def test_by_a_disk_that_gives_no_more_costs_what_it_does_not_give(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished = desk.finished()
        finished.sha256 = None
        real = os.pread

        def failing(file: int, size: int, at: int) -> bytes:
            if at >= finished.entries[1].range.offset:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(file, size, at)

        monkeypatch.setattr(os, "pread", failing)
        desk.uploads.add(finished)
        until(lambda: desk.log.delivered)
        (said,) = desk.log.delivered
        assert len(said.fragments) == 1
        assert finished.failed_reads >= 3, "a disk is given more than one chance"


def test_a_spool_that_cannot_be_cleared_does_not_announce_again(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, missing_ok: bool) -> None:
        assert missing_ok
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", read_only)
        desk.uploads.add(desk.finished())
        until(lambda: desk.uploads._backoff.tries >= 2)
    until(lambda: not list(tmp_path.iterdir()))
    assert len(desk.log.delivered) == 1


def test_a_data_file_that_vanished_stops_no_other_recording(desk: Desk) -> None:
    gone, good = desk.finished("rec_2"), desk.finished()
    gone.data.unlink()
    desk.uploads.add(gone)
    desk.uploads.add(good)
    until(lambda: desk.log.delivered)
