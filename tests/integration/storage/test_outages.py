"""Parts that are away, or full, while everything is under way: it waits, goes on by itself, and the check is clean."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from vantage.contracts import Recording
from vantage.errors import Retryable, StoreUnavailable
from vantage.objects import S3ObjectStore
from vantage.postgres import DatabaseUnavailable, connect_pool
from vantage_stack.part import Site
from vantage_stack.postgres.place import postgres_user
from vantage_stack.process import ManagedProcess
from vantage_stack.stack import Stack
from vantage_stack.store import Store
from vantage_storage.domain.day import DAY_US

from .crash import Crashes, until
from .fsck_tools import Checked, empty_bucket, look, named
from .hold_tools import MINUTE_US
from .retention_tools import total

pytestmark = pytest.mark.slow

MIB = 1 << 20
MakeRecording = Callable[..., Recording]
DUE_US = 31 * DAY_US + 60 * MINUTE_US
COUNT = 20
DAY_S, SECOND_US, DEADLINE_S = 86_400, 1_000_000, 120.0


class Town:
    """One cell under a running storage: recordings that are announced, held, and due."""

    def __init__(self, cell: Checked, database: Any, event_log: Any, make: MakeRecording) -> None:
        self.cell, self.database, self.log = cell, database, event_log
        self._make = make
        self._minute = 5
        database.begin_at(event_log.starts)

    def upload(self, ago_us: int = 0, count: int = COUNT) -> list[Recording]:
        """Objects of as many minutes, so long ago, that nobody has announced."""
        first, self._minute = self._minute, self._minute + count
        starts = [self.cell.now_us - ago_us - minute * MINUTE_US for minute in range(first, self._minute)]
        return [self.cell.upload(self._make(self.cell.camera(), start=start)) for start in starts]

    def let_look_again(self) -> None:
        """A version of the policy that changes nothing, after which each day is walked at once."""
        self.cell.execute(
            "insert into storage.policies select max(version) + 1, %s, '{\"standard\": 31}', %s, 'a', 'b', 'again' "
            "from storage.policies",
            time.time_ns() // 1000,
            f"dec-{time.time_ns()}",
        )

    def count(self, what: str) -> int:
        return int(self.cell.rows(f"select count(*) from storage.{what}")[0][0])  # noqa: S608  # a test's own words

    def settled(self, *, kept: int, erased: int) -> bool:
        """Whether so much is indexed and copied, and so much is gone."""
        return (
            self.database.offsets() == self.log.ends()
            and self.count("recordings") == kept
            and self.count("evidence where state = 'stored'") == kept
            and total(self.cell.receipts("retention.erase")) == erased
            and self.count("receipts where not published") == 0
        )

    def proven(self, kept: list[Recording]) -> None:
        """The store has each object and its copy, to the last byte, and nothing else; the index says so."""
        told, findings = look(self.cell.parts)
        assert told == []
        assert findings.counts == {
            "rows": len(kept),
            "objects": len(kept),
            "copies": len(kept),
            "hashed": 2 * len(kept),
        }
        assert self.cell.versions("footage") == sorted(one.object for one in kept)


@pytest.fixture
def cell(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: Any) -> Iterator[Checked]:
    made = Checked(environment, object_store, make_recording, own_buckets=False)
    yield made
    empty_bucket(made, "footage")
    made.close()


@pytest.fixture
def town(cell: Checked, database: Any, event_log: Any, make_recording: MakeRecording) -> Town:
    return Town(cell, database, event_log, make_recording)


class TestTheStoreAway:
    @pytest.mark.parametrize("seconds", [10, pytest.param(600, marks=pytest.mark.slow)])
    def test_the_index_goes_on_and_everything_else_waits(
        self, town: Town, crash: Crashes, stack: Stack, seconds: int
    ) -> None:
        before = town.upload()
        town.log.publish(before)
        town.cell.hold()
        storage = crash.serve(VANTAGE_CELL_ID=town.cell.cell)
        until(lambda: town.count("evidence where state = 'stored'") == COUNT, storage)
        during, due = town.upload(), town.upload(DUE_US)
        with stack.away("store"):
            town.log.publish([*during, *due])
            until(lambda: town.count("recordings") == 3 * COUNT, storage)
            town.let_look_again()
            until(lambda: town.count("recordings where garbage") == COUNT, storage)
            until(lambda: town.count("evidence where state = 'writing'") == COUNT, storage)
            self._wait(town, storage, seconds)
        until(lambda: town.settled(kept=2 * COUNT, erased=COUNT), storage)
        town.proven([*before, *during])
        assert "a fault" not in storage.log.read_text()

    @staticmethod
    def _wait(town: Town, storage: ManagedProcess, seconds: int) -> None:
        """While it is away no row goes without its object, and no copy counts that is not there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert storage.running
            assert town.count("recordings") == 3 * COUNT
            assert town.count("evidence where state = 'stored'") == COUNT
            assert town.cell.receipts("retention.erase") == []
            time.sleep(1)


class TestTheDatabaseAway:
    def test_again_and_again_nothing_is_lost_and_nothing_done_twice(self, town: Town, crash: Crashes) -> None:
        storage = crash.serve(VANTAGE_CELL_ID=town.cell.cell)
        until(lambda: "partitions assigned" in storage.log.read_text(), storage)
        town.cell.hold()
        kept: list[Recording] = []
        for _ in range(4):
            fresh, due = town.upload(), town.upload(DUE_US)
            kept += fresh
            town.log.publish([*fresh, *due])
            town.let_look_again()
            town.database.lock()
            time.sleep(3)
            town.database.unlock()
        until(lambda: town.database.offsets() == town.log.ends(), storage)
        town.let_look_again()
        until(lambda: town.settled(kept=4 * COUNT, erased=4 * COUNT), storage)
        town.proven(kept)
        assert "Traceback" not in storage.log.read_text()


@pytest.fixture
def impatient(cell: Checked) -> Iterator[Checked]:
    """Its chores wait a second for a connection."""
    with connect_pool(cell.parts.dsn, application="tests-impatient", max_size=8, timeout_s=1) as pool:
        cell.parts = replace(cell.parts, pool=pool)
        cell.restart()
        yield cell


def at_last(cell: Checked, chore: str) -> None:
    """A round, tried again for as long as it may be, as the chore's thread does."""
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            return cell.round(chore)
        except Retryable:
            assert time.monotonic() < end
            time.sleep(0.2)


Cut = Callable[[str, object, str], None]


@pytest.fixture
def cut(impatient: Checked, database: Any, monkeypatch: pytest.MonkeyPatch) -> Cut:
    """A round of a chore, during which the database goes away just before a method is called; then a round with it."""

    def interrupt(chore: str, target: object, method: str) -> None:
        original = getattr(target, method)

        def call(*args: Any, **named: Any) -> Any:
            database.lock()
            return original(*args, **named)

        monkeypatch.setattr(target, method, call)
        with pytest.raises(DatabaseUnavailable):
            impatient.round(chore)
        monkeypatch.setattr(target, method, original)
        database.unlock()
        at_last(impatient, chore)

    return interrupt


class TestTheDatabaseGoesInTheMiddleOf:
    def test_erasing(self, impatient: Checked, cut: Cut) -> None:
        impatient.film()
        impatient.clock.advance(33 * DAY_S)
        cut("erasure", impatient.store, "delete_many")
        assert impatient.versions("footage") == []
        assert total(impatient.receipts("retention.erase")) == 1
        impatient.round("receipts")
        assert named(impatient) == []

    def test_sweeping(self, impatient: Checked, cut: Cut) -> None:
        impatient.store.put("footage", f"{impatient.cell}/pier-1/20260101/rec_x.mp4", b"x")
        cut("sweep", impatient.store, "erase_many")
        assert impatient.versions("footage") == []
        assert total(impatient.receipts("retention.sweep")) == 1
        impatient.round("receipts")
        assert named(impatient) == []

    def test_copying_what_is_held(self, impatient: Checked, cut: Cut) -> None:
        impatient.film()
        hold = impatient.hold()
        cut("evidence", impatient.store, "put")
        assert [state for state, *_ in impatient.rows_of(hold)] == ["stored"]
        assert len(impatient.copies(hold)) == 1
        impatient.round("receipts")
        assert named(impatient) == []

    def test_locking_it(self, impatient: Checked, cut: Cut) -> None:
        impatient.film()
        hold = impatient.hold()
        impatient.round("evidence")
        ((_, key, version, until_us),) = impatient.rows_of(hold)
        impatient.clock.advance(3 * DAY_S)
        cut("locks", impatient.store, "lock")
        later_us = until_us + 3 * DAY_US
        assert abs(int(impatient.rows_of(hold)[0][3]) - later_us) <= SECOND_US
        assert abs((impatient.store.locked_until("evidence", key, version) or 0) - later_us) <= SECOND_US

    def test_publishing_receipts(self, impatient: Checked, cut: Cut) -> None:
        impatient.hold()
        cut("receipts", impatient.parts.publisher, "flush")
        assert impatient.rows("select published from storage.receipts") == [(True,)]


class SmallDisk:
    """A file system of the test's own that is filled and emptied by a file."""

    def __init__(self, size: int, owner: tuple[int, int] | None = None) -> None:
        self._outside = Path(tempfile.mkdtemp(prefix="vantage-small-"))
        self._outside.chmod(0o755)
        self.path = self._outside / "disk"
        self.path.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(self.path)]
        done = subprocess.run(words, check=False, capture_output=True)
        self.mounted = not done.returncode
        if not self.mounted:
            self.close()
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
        self.folder = self.path / "data"
        self.folder.mkdir(mode=0o700)
        if owner:
            os.chown(self.folder, *owner)

    def fill(self) -> None:
        """Leave no byte of it."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            for size in (MIB, 4096, 1):
                self._append(ballast, b"x" * size)

    @staticmethod
    def _append(ballast: Any, piece: bytes) -> None:
        try:
            while ballast.write(piece) == len(piece):
                pass
        except OSError:
            return

    def make_room(self) -> None:
        (self.path / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        if self.mounted and subprocess.run(["umount", self.path], check=False, capture_output=True).returncode:
            subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)
        shutil.rmtree(self._outside, ignore_errors=True)


class TestTheDatabasesDiskFull:
    @pytest.fixture
    def disk(self, database: Any, postgres_dsn: str) -> Iterator[SmallDisk]:
        """The test's database lies on it, the others' and the server's own log of changes do not."""
        user = postgres_user()
        made = SmallDisk(40 * MIB, (user.uid, user.gid) if user else None)
        space = sql.Identifier(f"small_{database.name}")
        move = sql.SQL("alter database {} set tablespace {}")
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            place = sql.Literal(str(made.folder))
            connection.execute(sql.SQL("create tablespace {} location {}").format(space, place))
            connection.execute(move.format(sql.Identifier(database.name), space))
        yield made
        made.make_room()
        database.lock()
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute(move.format(sql.Identifier(database.name), sql.Identifier("pg_default")))
            connection.execute(sql.SQL("drop tablespace {}").format(space))
        database.unlock()
        made.close()

    @pytest.fixture
    def connected(self, disk: SmallDisk, cell: Checked) -> Iterator[psycopg.Connection]:
        """Made while there is room: on a full disk PostgreSQL may not let anybody in."""
        with psycopg.connect(cell.parts.dsn, autocommit=True) as connection:
            yield connection

    def test_what_is_announced_waits_for_room_and_nothing_is_half_written(
        self, disk: SmallDisk, town: Town, crash: Crashes, connected: psycopg.Connection
    ) -> None:
        storage = crash.serve(VANTAGE_CELL_ID=town.cell.cell)
        until(lambda: "partitions assigned" in storage.log.read_text(), storage)
        town.cell.hold()
        connected.execute("select count(*) from storage.recordings_v1")
        disk.fill()
        kept, due = town.upload(count=200), town.upload(DUE_US)
        town.log.publish([*kept, *due])
        until(lambda: "No space left on device" in storage.log.read_text(), storage)
        seen = {key for (key,) in connected.execute("select object from storage.recordings_v1")}
        assert len(seen) < len(kept) + len(due)
        assert seen <= set(town.cell.versions("footage"))
        disk.make_room()
        until(lambda: town.database.offsets() == town.log.ends(), storage)
        town.let_look_again()
        until(lambda: town.settled(kept=len(kept), erased=len(due)), storage)
        town.proven(kept)


class TestTheStoresDiskFull:
    @pytest.fixture
    def disk(self) -> Iterator[SmallDisk]:
        made = SmallDisk(256 * MIB)
        yield made
        made.close()

    @pytest.fixture
    def small_store(self, stack: Stack, disk: SmallDisk) -> Iterator[Store]:
        """A store of its own, of the kind that the session's is."""
        stack.require("store")
        site = Site(disk.folder, disk.path.parent / "store.log", stack.ports, stack.cache)
        made = type(stack.store)(site)
        try:
            made.start()
            yield made
        finally:
            made.stop()

    def test_a_copy_of_what_is_held_waits_for_room_and_none_counts_that_is_not_whole(
        self, environment: Mapping[str, str], small_store: Store, disk: SmallDisk, make_recording: MakeRecording
    ) -> None:
        cell = Checked(environment, small_store.access.open(), make_recording, own_buckets=False)
        for minute in range(4):
            cell.film(ago_us=(10 + minute) * MINUTE_US, content=os.urandom(4 * MIB))
        cell.store.ensure_bucket("evidence", lock=True)
        hold = cell.hold()
        disk.fill()
        with pytest.raises(StoreUnavailable):
            cell.round("evidence")
        stored = {version for state, _, version, _ in cell.rows_of(hold) if state == "stored"}
        assert len(stored) < 4
        assert "evidence-missing" not in dict(named(cell))
        disk.make_room()
        at_last(cell, "evidence")
        assert {state for state, *_ in cell.rows_of(hold)} == {"stored"}
        cell.round("receipts")
        told, findings = look(cell.parts)
        assert told == []
        assert findings.counts["hashed"] == 8
        cell.close()
