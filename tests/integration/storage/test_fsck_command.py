"""`vantage-storage fsck` as it is run: what it prints and how it ends, also beside a storage that erases and copies."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from vantage.contracts import Recording
from vantage.objects import S3ObjectStore
from vantage.postgres import migrate
from vantage_stack.store import S3Access
from vantage_storage.domain.day import DAY_US
from vantage_storage.service import MIGRATIONS, SCHEMA

from .crash import Crashes, until
from .fsck_tools import Checked, empty_bucket

MINUTE_US = 60_000_000
DEADLINE_S = 120


class Command:
    """The command, on one cell of the test's database."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(self, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).with_name("vantage-storage"))
        return subprocess.run(
            [program, "fsck", "--patience-seconds", "0", *options],
            env=self.environment | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )


@pytest.fixture
def cell(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: Any) -> Iterator[Checked]:
    made = Checked(environment, object_store, make_recording, own_buckets=False)
    yield made
    empty_bucket(made, "footage")
    made.close()


@pytest.fixture
def fsck(environment: Mapping[str, str], s3: S3Access, cell: Checked) -> Command:
    return Command({**environment, **s3.environment(), "VANTAGE_CELL_ID": cell.cell})


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class TestTheCommand:
    def test_ends_with_0_and_counts_where_all_agree(self, cell: Checked, fsck: Command) -> None:
        cell.film()
        done = fsck("--seed", "s")
        assert done.returncode == 0, done.stderr
        looked_at = {"rows": 1, "objects": 1, "copies": 0, "hashed": 1}
        assert summary(done) == {"whole": True, "seed": "s", "sample": "200", "disagreements": {}} | looked_at
        assert "no disagreement" in done.stdout

    def test_ends_with_1_and_a_line_for_each_disagreement(self, cell: Checked, fsck: Command) -> None:
        lost = cell.film()
        cell.store.delete("footage", lost.object)
        done = fsck()
        assert done.returncode == 1, done.stderr
        line = next(line for line in done.stdout.splitlines() if line.startswith("indexed-but-missing "))
        assert lost.camera_id in line
        assert lost.recording_id in line
        assert "restore the object from a backup" in done.stdout
        assert summary(done)["disagreements"] == {"indexed-but-missing": 1}
        first, _ = map(json.loads, fsck("--json").stdout.splitlines())
        assert (first["kind"], first["what"]) == ("indexed-but-missing", lost.recording_id)
        assert first["remedy"]

    def test_looks_at_some_cameras_and_days_only(self, cell: Checked, fsck: Command) -> None:
        lost = cell.film()
        cell.store.delete("footage", lost.object)
        assert fsck("--cameras", cell.camera("pier-2")).returncode == 0
        assert fsck("--to", "2020-01-01").returncode == 0
        done = fsck("--cameras", f"{cell.camera('pier-2')},{lost.camera_id}", "--from", "2020-01-01")
        assert (done.returncode, summary(done)["whole"]) == (1, False)

    def test_repairs_and_looks_again(self, cell: Checked, fsck: Command) -> None:
        cell.film()
        cell.execute("update storage.recordings set garbage = true")
        done = fsck("--repair")
        assert done.returncode == 0, done.stderr
        assert "repaired by a round of: erasure" in done.stdout
        assert cell.rows("select count(*) from storage.recordings") == [(0,)]

    def test_that_is_killed_leaves_no_result_and_can_be_run_again(
        self, cell: Checked, fsck: Command, crash: Crashes
    ) -> None:
        cell.film()
        with subprocess.Popen(
            [str(Path(sys.executable).with_name("vantage-storage")), "fsck", "--grace-hours", "0"],
            env=fsck.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            process.kill()
        assert cell.rows("select count(*) from storage.checks") == [(0,)]
        assert fsck().returncode == 0
        assert cell.rows("select count(*) from storage.checks") == [(1,)]


class TestWhatEndsIt:
    def test_a_store_that_is_away(self, fsck: Command) -> None:
        done = fsck(VANTAGE_S3_ENDPOINT="127.0.0.1:9")
        assert (done.returncode, "is it running there" in done.stderr) == (69, True), done.stderr
        assert "disagreements" not in done.stdout

    def test_a_database_that_is_away(self, fsck: Command) -> None:
        done = fsck(VANTAGE_POSTGRES_DSN="host=127.0.0.1 port=9 dbname=none")
        assert (done.returncode, "127.0.0.1:9/none is unavailable" in done.stderr) == (69, True), done.stderr

    def test_an_event_log_that_is_away(self, cell: Checked, fsck: Command) -> None:
        cell.execute("insert into storage.offsets values ('recordings.v1', 0, 0)")
        done = fsck(VANTAGE_KAFKA_BOOTSTRAP="127.0.0.1:9")
        assert (done.returncode, "is Kafka running there" in done.stderr) == (69, True), done.stderr

    def test_a_sample_that_makes_no_sense(self, fsck: Command) -> None:
        done = fsck("--sample", "many")
        assert (done.returncode, "'many' is no sample" in done.stderr) == (78, True), done.stderr

    def test_a_schema_of_another_release(self, cell: Checked, fsck: Command) -> None:
        cell.execute("delete from storage.schema_migrations where number = 6")
        done = fsck()
        assert (done.returncode, "lacks migration 0006" in done.stderr) == (78, True), done.stderr


@pytest.fixture
def writer(cell: Checked, database: Any, event_log: Any, make_recording: Any) -> Iterator["Writer"]:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    database.begin_at(event_log.starts)
    made = Writer(cell, event_log, make_recording)
    yield made
    made.stop()


class TestBesideARunningStorage:
    def test_it_names_nothing_that_is_only_under_way(
        self, fsck: Command, cell: Checked, crash: Crashes, writer: "Writer"
    ) -> None:
        cell.hold()
        storage = crash.serve(VANTAGE_CELL_ID=cell.cell)
        writer.start()
        until(lambda: bool(cell.rows("select 1 from storage.evidence where state = 'stored' limit 1")), storage)
        looked_at = Counter[str]()
        end = time.monotonic() + DEADLINE_S
        while len(cell.receipts("retention.erase")) < 3 or looked_at["copies"] == 0:
            assert time.monotonic() < end, looked_at
            done = fsck("--sample", "20", "--grace-hours", "1")
            assert done.returncode == 0, done.stdout + done.stderr
            looked_at.update({name: summary(done)[name] for name in ("rows", "objects", "copies", "hashed")})
        assert min(looked_at.values()) > 0
        assert storage.running


class Writer(threading.Thread):
    """Uploads and announces recordings as ingest would, every other of them due, and has each due one looked for."""

    def __init__(self, cell: Checked, event_log: Any, make: Callable[..., Recording]) -> None:
        super().__init__(daemon=True)
        self._cell, self._log, self._make = cell, event_log, make
        self._ended = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._ended.wait(0.02):
            self._log.publish([self._cell.upload(self._make(self._cell.camera(), start=self._start(number)))])
            number += 1
            if number % 50 == 0:
                self._let_look_again(number)

    def _start(self, number: int) -> int:
        return self._cell.now_us - (10 + number % 600) * MINUTE_US - (number % 2) * 31 * DAY_US - number

    def _let_look_again(self, number: int) -> None:
        """A version of the policy that changes nothing, after which each day is walked at once."""
        self._cell.execute(
            "insert into storage.policies select max(version) + 1, %s, '{\"standard\": 31}', %s, 'a', 'b', 'again' "
            "from storage.policies",
            time.time_ns() // 1000,
            f"dec-{number}",
        )

    def stop(self) -> None:
        self._ended.set()
        if self.is_alive():
            self.join()
