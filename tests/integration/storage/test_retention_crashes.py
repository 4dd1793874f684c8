"""Erasing is killed at each of its numbered crash points (docs/design/storage.md), begins again, and is done once."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from vantage.contracts import Recording
from vantage.objects import S3ObjectStore
from vantage_storage.domain.day import DAY_US, compact, day_of

from .crash import Crashes
from .retention_tools import Retained, midnight, published_receipts, total

NOW = 1_790_000_000_000_000
LATER = NOW + 33 * DAY_US
COUNT = 7
MARK = "as recording set garbage"
POINTS = [
    pytest.param({"before": "database.commit", "containing": MARK}, id="1 before the rows are marked"),
    pytest.param({"after": "database.commit", "containing": MARK}, id="2 after the rows are marked"),
    pytest.param({"within": "store.delete_many"}, id="3 while objects are erased"),
    pytest.param({"after": "store.delete_many"}, id="4 after the objects are erased"),
    pytest.param(
        {"before": "database.commit", "containing": "storage.receipts"}, id="5 before rows go with the receipt"
    ),
    pytest.param(
        {"after": "database.commit", "containing": "storage.receipts"}, id="6 after rows went with the receipt"
    ),
]
SWEEP_POINTS = [
    pytest.param({"before": "database.commit", "containing": "into storage.leftovers"}, id="8 before they are noted"),
    pytest.param({"after": "database.commit", "containing": "into storage.leftovers"}, id="9 after they are noted"),
    pytest.param({"within": "store.erase_many"}, id="10 while they are erased"),
    pytest.param({"after": "store.erase_many"}, id="11 after they are erased"),
    pytest.param({"before": "database.commit", "containing": "storage.receipts"}, id="12 before the notes go"),
    pytest.param({"after": "database.commit", "containing": "storage.receipts"}, id="13 after the notes went"),
]


@pytest.fixture
def retained(environment: Mapping[str, str], object_store: S3ObjectStore) -> Iterator[Retained]:
    made = Retained(environment, object_store, NOW)
    for bucket in ("footage", "stills", "exports"):
        made.store.ensure_bucket(bucket)
    yield made
    made.close()


def record_some(retained: Retained, make: Callable[..., Recording]) -> list[Recording]:
    start = midnight(NOW, 0)
    return [retained.record(make, start + minute * 60_000_000) for minute in range(COUNT)]


@pytest.mark.parametrize("point", POINTS)
def test_recordings_go_once_wherever_the_erasure_is_killed(
    retained: Retained, crash: Crashes, make_recording: Callable[..., Recording], point: dict[str, str]
) -> None:
    record_some(retained, make_recording)
    crash.round("erasure", now_us=LATER, VANTAGE_CELL_ID=retained.cell, **point)  # type: ignore[arg-type]
    seen = {key for (key,) in retained.rows("select object from storage.recordings_v1")}
    assert seen <= set(retained.versions("footage"))  # what a reader is shown is there
    rows = retained.rows("select count(*) from storage.recordings")[0][0]
    assert rows + total(retained.receipts()) == COUNT  # each is a row or in a receipt, and in one of them alone
    crash.round("erasure", now_us=LATER, VANTAGE_CELL_ID=retained.cell)
    assert retained.versions("footage") == []
    assert retained.rows("select count(*) from storage.recordings") == [(0,)]
    assert total(retained.receipts("retention.erase")) == COUNT


def test_7_a_receipt_that_was_published_and_not_marked_is_published_again_under_its_id(
    retained: Retained, crash: Crashes, make_recording: Callable[..., Recording], kafka_bootstrap: str
) -> None:
    record_some(retained, make_recording)
    settings = {"VANTAGE_CELL_ID": retained.cell}
    crash.round("erasure", now_us=LATER, **settings)  # type: ignore[arg-type]
    ((record_id,),) = retained.rows("select record_id from storage.receipts")
    crash.round("receipts", now_us=LATER, after="publisher.flush", **settings)  # type: ignore[arg-type]
    assert retained.rows("select published from storage.receipts") == [(False,)]
    crash.round("receipts", now_us=LATER, **settings)  # type: ignore[arg-type]
    assert retained.rows("select published from storage.receipts") == [(True,)]
    first, second = published_receipts(kafka_bootstrap, {record_id})
    assert first == second
    assert (first.kind, first.actor, first.detail["count"]) == ("receipt", "storage", str(COUNT))


@pytest.mark.parametrize("point", SWEEP_POINTS)
def test_objects_without_a_row_go_once_wherever_the_sweep_is_killed(
    retained: Retained, crash: Crashes, point: dict[str, str]
) -> None:
    day = compact(day_of(NOW))
    for number in range(COUNT):
        retained.store.put("footage", f"{retained.cell}/pier-1/{day}/rec_{number}.mp4", b"x")
    crash.round("sweep", now_us=LATER, VANTAGE_CELL_ID=retained.cell, **point)  # type: ignore[arg-type]
    crash.round("sweep", now_us=LATER, VANTAGE_CELL_ID=retained.cell)
    assert retained.versions("footage") == []
    assert retained.rows("select count(*) from storage.leftovers") == [(0,)]
    assert total(retained.receipts("retention.sweep")) == COUNT
