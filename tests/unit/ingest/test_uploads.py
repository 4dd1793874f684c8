"""A recording leaves the spool only when it is whole in the store and announced; until then it is tried again."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from vantage.clock import SystemClock
from vantage.contracts import Message, Recording
from vantage.errors import BrokerUnavailable
from vantage.health import Readiness
from vantage.objects import ObjectInfo
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


CONTENT = INIT + b"".join(cut(number).data for number in range(3))


def test_a_recording_is_uploaded_announced_and_removed(desk: Desk, tmp_path: Path) -> None:
    desk.uploads.add(desk.finished())
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    (said,) = desk.log.delivered
    data = desk.store.get(said.bucket, said.object)
    assert data == CONTENT
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
    puts: list[str] = []
    real = desk.store.put

    def counted(bucket: str, key: str, data: bytes, kind: str) -> ObjectInfo:
        puts.append(key)
        return real(bucket, key, data, kind)

    monkeypatch.setattr(desk.store, "put", counted)
    desk.log.away = True
    desk.uploads.add(desk.finished())
    until(lambda: desk.uploads._backoff.tries)
    assert (tmp_path / "rec_1.mp4").exists()
    assert not desk.log.delivered
    desk.log.away = False
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    assert puts == [object_key(head())]


def test_an_object_that_is_not_what_was_sent_is_sent_again(desk: Desk, tmp_path: Path) -> None:
    desk.store.put("footage", object_key(head()), CONTENT[:-1])
    desk.uploads.add(desk.finished())
    until(lambda: desk.log.delivered and not list(tmp_path.iterdir()))
    assert desk.store.get("footage", object_key(head())) == CONTENT


def test_a_stop_brings_away_what_waits_and_leaves_it_where_the_store_is_away(tmp_path: Path) -> None:
    for away in (False, True):
        desk = Desk(tmp_path / str(away))
        desk.store.away = away
        for number in range(5):
            desk.uploads.add(desk.finished(f"rec_{number}"))
        desk.uploads.stop(DEADLINE_S)
        assert len(desk.log.delivered) == (0 if away else 5)


def test_damage_on_the_disk_is_cut_off_and_never_announced(desk: Desk) -> None:
    finished = desk.finished()
    data = bytearray(CONTENT)
    data[-1] ^= 1
    finished.data.write_bytes(data)
    desk.uploads.add(finished)
    until(lambda: desk.log.delivered)
    (said,) = desk.log.delivered
    assert len(said.fragments) == 2
    assert desk.store.get(said.bucket, said.object) == CONTENT[: said.size]


def test_a_data_file_that_vanished_stops_no_other_recording(desk: Desk) -> None:
    gone, good = desk.finished("rec_2"), desk.finished()
    gone.data.unlink()
    desk.uploads.add(gone)
    desk.uploads.add(good)
    until(lambda: desk.log.delivered)
