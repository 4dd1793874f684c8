"""Copying and letting go are killed at each crash point that docs/design/storage.md (Holds) numbers, and done once."""

import time
from collections.abc import Iterator, Mapping

import pytest

from vantage.objects import S3ObjectStore

from .crash import Crashes
from .hold_tools import MINUTE_US, Held, MakeRecording, wait_until_past
from .retention_tools import total

pytestmark = pytest.mark.slow

COUNT = 6
SECOND_US = 1_000_000
STORED = "set state = 'stored'"
ROWS_GO = "delete from storage.evidence as copy"
COPYING = [
    pytest.param(
        {"before": "database.commit", "containing": "into storage.evidence ("}, id="1 before the rows are made"
    ),
    pytest.param({"after": "database.commit", "containing": "into storage.evidence ("}, id="2 after the rows are made"),
    pytest.param({"before": "store.put", "nth": 3}, id="3 before a put"),
    pytest.param({"after": "store.put", "nth": 3}, id="4 after a put"),
    pytest.param({"before": "database.commit", "containing": STORED}, id="5 before the rows are stored"),
    pytest.param({"after": "database.commit", "containing": STORED}, id="6 after the rows are stored"),
]
ENDING = [
    pytest.param({"before": "database.commit", "containing": "set ended_us"}, id="7 before the hold ends"),
    pytest.param({"after": "database.commit", "containing": "set ended_us"}, id="8 after the hold ended"),
    pytest.param({"within": "store.erase_many"}, id="9 while copies are erased"),
    pytest.param({"after": "store.erase_many"}, id="10 after copies are erased"),
    pytest.param({"before": "database.commit", "containing": ROWS_GO}, id="11 before rows go with the receipt"),
    pytest.param({"after": "database.commit", "containing": ROWS_GO}, id="12 after rows went with the receipt"),
    pytest.param({"before": "database.commit", "containing": "set gone_us"}, id="13 before the hold is noted as gone"),
    pytest.param({"after": "database.commit", "containing": "set gone_us"}, id="14 after the hold is noted as gone"),
]


@pytest.fixture
def held(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: MakeRecording) -> Iterator[Held]:
    made = Held(environment, object_store, make_recording, own_buckets=False)
    made.store.ensure_bucket("evidence", lock=True)
    for number in range(COUNT):
        made.film((10 + number) * MINUTE_US)
    yield made
    made.close()


@pytest.mark.parametrize("point", COPYING)
def test_each_recording_has_one_copy_wherever_copying_is_killed(
    held: Held, crash: Crashes, point: dict[str, str]
) -> None:
    of = held.hold()
    crash.round("evidence", now_us=held.now_us, VANTAGE_CELL_ID=held.cell, **point)  # type: ignore[arg-type]
    versions = {one.version for one in held.copies(of)}
    rows = held.rows_of(of)
    assert {version for state, _, version, _ in rows if state == "stored"} <= versions
    assert {one.key for one in held.copies(of)} <= {key for _, key, _, _ in rows}
    crash.round("evidence", now_us=held.now_us + SECOND_US, VANTAGE_CELL_ID=held.cell)
    rows = held.rows_of(of)
    assert [state for state, *_ in rows] == ["stored"] * COUNT
    assert sorted(str(one.version) for one in held.copies(of)) == sorted(version for _, _, version, _ in rows)
    assert total(held.receipts("evidence.stored")) == COUNT


@pytest.mark.parametrize("point", ENDING)
def test_nothing_of_a_hold_is_left_wherever_its_ending_is_killed(
    held: Held, crash: Crashes, point: dict[str, str]
) -> None:
    ends_us = time.time_ns() // 1000 + 8 * SECOND_US
    of = held.hold(ends_us=ends_us)
    held.round("evidence")
    assert len(held.copies(of)) == COUNT
    wait_until_past(ends_us)
    crash.round("holds", now_us=ends_us + 2 * SECOND_US, VANTAGE_CELL_ID=held.cell, **point)  # type: ignore[arg-type]
    assert {one.key for one in held.copies(of)} <= {key for _, key, _, _ in held.rows_of(of)}
    assert len(held.rows_of(of)) + total(held.receipts("evidence.erased")) == COUNT
    crash.round("holds", now_us=ends_us + 600 * SECOND_US, VANTAGE_CELL_ID=held.cell)
    assert held.shown(of)["state"] == "gone"
    assert held.copies(of) == []
    assert held.rows_of(of) == []
    assert total(held.receipts("evidence.erased")) == COUNT
    assert [one["action"] for one in held.receipts("hold.")] == ["hold.placed", "hold.expired", "hold.gone"]
