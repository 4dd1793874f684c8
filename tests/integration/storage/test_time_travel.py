"""A clock that is 31 days and 25 hours on: nothing of what was captured is left, and all of it is accounted for.

Storage runs whole, on the real event log, object store and database; only its clock is the test's. The present of the
test is the last day of its story, because Kafka and the object store have clocks of their own.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import pytest
from msgspec.structs import replace

from vantage.clock import ManualClock
from vantage.contracts import Recording, Track
from vantage.objects import ObjectStore, S3ObjectStore
from vantage.service import Running
from vantage_storage import metrics
from vantage_storage.domain.day import DAY_US, compact, day_of
from vantage_storage.service import serve
from vantage_storage.settings import RunSettings

from .conftest import Database, EventLog
from .retention_tools import (
    HOUR_US,
    OwnBuckets,
    footage_key,
    midnight,
    new_cell,
    published_receipts,
    receipts_in,
    settings_of,
    total,
)

BUCKETS = ("footage", "stills", "exports")
STORES = ("recordings", "tracks", "topics", *BUCKETS)
CAMERAS = ("pier-1", "pier-2")
DAYS = 3
PER_DAY = 4
DEADLINE_S = 60.0


class Cell:
    """What is recorded in this test, by hand, and storage that runs beside it."""

    def __init__(self, environment: Mapping[str, str], store: S3ObjectStore, database: Database, log: EventLog) -> None:
        self.name = new_cell()
        self.clock = ManualClock(time.time_ns() // 1000 - 31 * DAY_US - 25 * HOUR_US)
        self.capture_us = midnight(self.clock.now_us(), DAYS)
        self.buckets = OwnBuckets(store)
        self.database = database
        self.log = log
        self._settings = settings_of(
            RunSettings, environment, self.name, storage_api_port=0, storage_api_token="t" * 40
        )
        for bucket in BUCKETS:
            self.store.ensure_bucket(bucket)
            self.buckets.keep_versions(bucket)

    @property
    def store(self) -> ObjectStore:
        return cast("ObjectStore", self.buckets)

    @contextmanager
    def running(self) -> Iterator[None]:
        running = Running()
        thread = threading.Thread(target=serve, args=(self._settings, running, self.clock, self.store), daemon=True)
        thread.start()
        try:
            yield
        finally:
            running.stop.set()
            thread.join(60)
        assert not thread.is_alive()

    def versions(self) -> list[str]:
        return [one.key for bucket in BUCKETS for one in self.store.versions(bucket, f"{self.name}/")]

    def rows(self) -> int:
        query = "select (select count(*) from storage.recordings) + (select count(*) from storage.tracks)"
        return int(self.database.rows(query)[0][0])


@pytest.fixture
def cell(environment: Mapping[str, str], object_store: S3ObjectStore, database: Database, event_log: EventLog) -> Cell:
    database.begin_at(event_log.starts)
    return Cell(environment, object_store, database, event_log)


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def past_retention(store: str) -> float:
    return float(metrics.PAST_RETENTION.labels(store)._value.get())


def record(cell: Cell, make_recording: Callable[..., Recording], make_track: Callable[..., Track]) -> int:
    """Some days of two cameras of two classes, with tracks; how many versions lie in `footage` for them."""
    messages: list[Recording | Track] = []
    for number, camera in enumerate(CAMERAS):
        for day in range(DAYS):
            for minute in range(PER_DAY):
                start = cell.capture_us + day * DAY_US + minute * 6 * HOUR_US
                name, kind = f"{cell.name}.{camera}", ("standard", "brief")[number]
                made = make_recording(name, start=start, retention_class=kind)
                made = replace(made, bucket="footage", object=footage_key(made))
                cell.store.put("footage", made.object, b"first")
                cell.store.put("footage", made.object, b"written over")
                messages += [made, make_track(name, start=start, end=start + 5_000_000)]
    cell.store.delete("footage", messages[0].object)  # type: ignore[union-attr]
    cell.log.publish(messages)
    return 2 * DAYS * PER_DAY * len(CAMERAS) + 1


def leave_without_a_row(cell: Cell) -> int:
    """Objects that nobody announced, one of them deleted by name alone, stills and an export; how many versions."""
    day = compact(day_of(cell.capture_us))
    lost = f"{cell.name}/pier-1/{day}/rec_lost.mp4"
    cell.store.put("footage", lost, b"never announced")
    cell.store.put("footage", f"{cell.name}/gone-9/{day}/rec_hidden.mp4", b"of a camera that is no more")
    cell.store.delete("footage", f"{cell.name}/gone-9/{day}/rec_hidden.mp4")
    cell.store.put("stills", f"{cell.name}/pier-1/{day}/0730/still.jpg", b"still")
    cell.store.put("exports", f"{cell.name}/{compact(day_of(cell.capture_us) + 20)}/case-7/export.zip", b"export")
    return 5


def test_nothing_is_left_anywhere_and_the_receipts_add_up(
    cell: Cell,
    make_recording: Callable[..., Recording],
    make_track: Callable[..., Track],
    kafka_bootstrap: str,
) -> None:
    recorded, without_a_row = record(cell, make_recording, make_track), leave_without_a_row(cell)
    rows = 2 * DAYS * PER_DAY * len(CAMERAS)
    with cell.running():
        until(lambda: cell.log.ends() == cell.database.offsets(), "everything is indexed")
    assert (cell.rows(), len(cell.versions())) == (rows, recorded + without_a_row)
    assert receipts_in(cell.database.dsn, "retention") == []

    cell.clock.advance(31 * 86_400 + 25 * 3_600)
    with cell.running():
        until(lambda: cell.rows() == 0 and cell.versions() == [], "nothing is left")
        unpublished = "select count(*) from storage.receipts where not published"
        until(lambda: cell.database.rows(unpublished) == [(0,)], "the receipts are published")
    for store in STORES:
        metrics.PAST_RETENTION.labels(store).set(-1)
    with cell.running():
        until(lambda: {past_retention(store) for store in STORES} == {0}, "the figure is measured again, and 0")

    receipts = receipts_in(cell.database.dsn, "retention")
    assert total([one for one in receipts if one["action"] == "retention.erase"]) == rows
    assert total([one for one in receipts if one["action"] == "retention.sweep"]) == without_a_row
    ids = {
        one for (one,) in cell.database.rows("select record_id from storage.receipts where action like 'retention%%'")
    }
    published = {one.record_id: one for one in published_receipts(kafka_bootstrap, ids)}
    assert total([one.detail for one in published.values()]) == rows + without_a_row
    assert {one.detail["policy_version"] for one in published.values() if "class" in one.detail} == {"1"}


def test_the_days_that_are_over_have_no_tables(
    cell: Cell, make_recording: Callable[..., Recording], make_track: Callable[..., Track]
) -> None:
    record(cell, make_recording, make_track)
    with cell.running():
        until(lambda: cell.log.ends() == cell.database.offsets(), "everything is indexed")
    cell.clock.advance(31 * 86_400 + 25 * 3_600)
    tables = [f"storage.recordings_{compact(day_of(cell.capture_us) + day)}" for day in range(DAYS)]
    with cell.running():
        until(
            lambda: all(cell.database.rows("select to_regclass(%s)", one) == [(None,)] for one in tables),
            "the days are dropped",
        )
