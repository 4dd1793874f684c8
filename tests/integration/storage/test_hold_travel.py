"""A hold made on day 30 is still there on day 39, and gone after its end.

Locks run by the store's clock, which nobody moves: so the story ends at the test's own present, and storage's clock is
the one that begins in the past.
"""

import time
from collections.abc import Mapping

import psycopg
import pytest

from vantage.objects import S3ObjectStore, Version
from vantage_storage.domain.day import DAY_US

from .conftest import Database
from .hold_tools import MINUTE_US, Held, MakeRecording, wait_until_past

pytestmark = pytest.mark.slow

SECOND_US = 1_000_000
CHORES = ("evidence", "locks", "holds", "erasure", "sweep")
CONTENT = b"somebody crosses the square" * 500


def travel(held: Held, to_us: int) -> None:
    held.clock.advance((to_us - held.now_us) / SECOND_US)
    held.round(*CHORES)


def test_a_hold_made_on_day_30_is_there_on_day_39_and_gone_after_its_end(
    environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: MakeRecording, database: Database
) -> None:
    ends_us = time.time_ns() // 1000 + 45 * SECOND_US
    day_0 = ends_us - 39 * DAY_US - DAY_US // 2
    settings = {**environment, "VANTAGE_STORAGE_LOCK_DAYS": "30"}  # the whole story lies within one term
    held = Held(settings, object_store, make_recording, day_0 + MINUTE_US)
    original = held.film(MINUTE_US, content=CONTENT)
    other = held.film(MINUTE_US, name="pier-2")

    travel(held, day_0 + 30 * DAY_US)
    request = {"kind": "access-request", "case_ref": "DAR-31", "authority": "request of day 30", "approver": ""}
    of = held.hold(**request, from_us=day_0, to_us=day_0 + DAY_US, ends_us=ends_us)
    held.round(*CHORES)
    assert sorted(held.versions("footage")) == sorted([original.object, other.object])

    travel(held, day_0 + 39 * DAY_US)
    assert held.versions("footage") == []
    assert held.rows("select from storage.recordings") == []
    (copy,) = held.copies(of)
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("set role vantage_reader")
        query = "select bucket, object, version, sha256, case_ref from storage.evidence_v1 where recording_id = %s"
        row = connection.execute(query, [original.recording_id]).fetchone()
    assert row == ("evidence", copy.key, copy.version, original.sha256, "DAR-31")
    assert held.store.get("evidence", copy.key, version=copy.version) == CONTENT
    version = Version(copy.key, copy.version)
    assert list(held.store.erase_many("evidence", [version])) == [version]

    wait_until_past(ends_us)
    travel(held, ends_us)
    held.end_locks(of)
    assert held.copies(of) == []
    assert held.rows("select from storage.evidence") == held.rows("select from storage.evidence_extras") == []
    done = [one["action"] for one in held.receipts() if one["action"].partition(".")[0] in {"hold", "evidence"}]
    assert sorted(done) == ["evidence.erased", "evidence.stored", "hold.expired", "hold.gone", "hold.placed"]
    held.close()
