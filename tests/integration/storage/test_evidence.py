"""Copies of what is held: their bytes, the locks that nobody can undo, and how they go when their hold is over."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import pytest

from vantage.errors import ObjectMissing, StoreRefused
from vantage.objects import S3ObjectStore, Version
from vantage_storage.adapters.garbage import mark_due
from vantage_storage.domain.day import DAY_US, day_of
from vantage_storage.evidence import Copying
from vantage_storage.newly_held import NewlyHeld

from .hold_tools import MINUTE_US, PATIENCE_S, Held, MakeRecording, wait_until_past

TERM_US = 7 * DAY_US
SECOND_US = 1_000_000
Held_ = Callable[..., Held]


@pytest.fixture
def make_held(
    environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: MakeRecording
) -> Iterator[Held_]:
    made: list[Held] = []

    def make(now_us: int | None = None) -> Held:
        made.append(Held(environment, object_store, make_recording, now_us))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def held(make_held: Held_) -> Held:
    return make_held()


@pytest.fixture
def late(make_held: Held_) -> Held:
    """Its clock is nearly a term behind the store's: the locks that it sets end within seconds."""
    return make_held(time.time_ns() // 1000 - TERM_US + 6 * SECOND_US)


def marked_when_due(held: Held) -> int:
    """How many recordings erasure would mark if all were due."""
    now = held.now_us
    with psycopg.connect(held.parts.dsn) as connection:
        days = {day_of(start) for (start,) in held.rows("select start_us from storage.recordings")}
        found = sum(len(mark_due(connection, day, ("", -1, -1), {"standard": now})) for day in days)
        connection.rollback()
    return found


class TestCopying:
    def test_a_copy_has_the_bytes_its_lock_and_all_that_the_index_said(self, held: Held) -> None:
        content = b"a minute of the pier" * 100
        original = held.film(content=content)
        of = held.hold()
        held.round("evidence")
        (copy,) = held.copies(of)
        assert held.store.get("evidence", copy.key, version=copy.version) == content
        assert copy.key == f"{held.cell}/{of}/pier-1/{original.recording_id}.mp4"
        until_us = held.store.locked_until("evidence", copy.key, str(copy.version))
        assert until_us == -(-(held.now_us + TERM_US) // SECOND_US) * SECOND_US
        assert held.rows_of(of) == [("stored", copy.key, copy.version, until_us)]
        said = (
            "recording_id, camera_id, epoch, start_us, end_us, clock, codec, width, height, size, sha256, init_length,"
            " fragments, gap_before, retention_class, origin, digests_sha256, fragments_end, trailer"
        )
        (kept,) = held.rows(f"select {said} from storage.evidence_v1 where hold_id = %s", of)  # noqa: S608
        assert [kept] == held.rows(f"select {said} from storage.recordings_v1")  # noqa: S608

    def test_the_receipt_accounts_for_each_once(self, held: Held) -> None:
        for ago in (10, 20, 30):
            held.film(ago * MINUTE_US)
        of = held.hold(from_us=held.now_us - 2 * DAY_US)
        held.round("evidence", "evidence")
        receipts = held.receipts("evidence.stored")
        assert sum(int(one["count"]) for one in receipts) == 3
        assert {one["order"] for one in receipts} == {of}

    def test_what_lies_in_the_window_for_a_part_is_copied_and_nothing_else(self, held: Held) -> None:
        length = held.film(60 * MINUTE_US)
        early, late = held.film(180 * MINUTE_US), held.film(20 * MINUTE_US)
        held.film(60 * MINUTE_US, name="pier-2")
        of = held.hold(from_us=early.end, to_us=late.start)
        held.round("evidence")
        assert [one.key.rpartition("/")[2] for one in held.copies(of)] == [f"{length.recording_id}.mp4"]
        other = held.hold(from_us=early.end - 1, to_us=late.start + 1)
        held.round("evidence")
        assert len(held.copies(other)) == 3

    def test_what_arrives_later_is_copied_as_well(self, held: Held) -> None:
        of = held.hold(to_us=held.now_us + DAY_US)
        held.round("evidence")
        assert held.shown(of)["copies"]["expected"] == 0
        held.clock.advance(3600)
        held.film()
        assert held.shown(of)["copies"] | {"expected": 1, "stored": 0} == held.shown(of)["copies"]
        held.round("evidence")
        assert held.shown(of)["copies"]["stored"] == 1

    def test_what_arrives_very_late_is_held_at_once_and_copied_within_minutes(self, held: Held) -> None:
        of = held.hold(from_us=held.now_us - 9 * DAY_US)
        held.round("evidence")
        held.film(8 * DAY_US)
        assert marked_when_due(held) == 0
        held.clock.advance(601)
        held.round("evidence")
        assert held.shown(of)["copies"]["stored"] == 1

    def test_each_hold_has_its_own_copy(self, held: Held) -> None:
        held.film()
        first, second = held.hold(), held.hold()
        held.round("evidence")
        assert len(held.copies(first)) == len(held.copies(second)) == 1

    def test_the_original_may_go_once_its_copy_is_stored_and_not_before(self, held: Held) -> None:
        held.film()
        held.hold()
        assert marked_when_due(held) == 0
        held.round("evidence")
        assert marked_when_due(held) == 1

    def test_two_replicas_at_once_leave_nothing_that_nobody_knows_of(self, held: Held) -> None:
        for ago in range(10, 30):
            held.film(ago * MINUTE_US)
        of = held.hold()
        copying = [threading.Thread(target=Copying(held.parts).round) for _ in range(2)]
        for one in copying:
            one.start()
        for one in copying:
            one.join(PATIENCE_S)
        extras = {version for (version,) in held.rows("select version from storage.evidence_extras")}
        rows = held.rows_of(of)
        assert [state for state, *_ in rows] == ["stored"] * 20
        assert {one.version for one in held.copies(of)} == {version for _, _, version, _ in rows} | extras


class TestRefusing:
    def test_bytes_that_are_not_those_that_were_indexed_are_no_evidence(self, held: Held) -> None:
        original = held.film(content=b"as it was")
        held.store.put("footage", original.object, b"As it was")
        of = held.hold()
        held.round("evidence")
        assert held.copies(of) == []
        progress = held.shown(of)["copies"]
        assert (progress["expected"], progress["stored"], progress["failed"]) == (1, 0, original.recording_id)
        assert original.sha256 in progress["failure"]
        (receipt,) = held.receipts("evidence.refused")
        assert receipt["recording"] == original.recording_id
        assert marked_when_due(held) == 0

    def test_it_is_copied_when_the_bytes_are_back(self, held: Held) -> None:
        original = held.film(content=b"as it was")
        held.store.delete("footage", original.object)
        of = held.hold()
        held.round("evidence")
        assert original.object in held.shown(of)["copies"]["failure"]
        held.store.put("footage", original.object, b"as it was")
        held.round("evidence")
        assert held.copies(of) == []  # it is not tried each time
        held.clock.advance(3601)
        held.round("evidence")
        assert (held.shown(of)["copies"]["stored"], held.shown(of)["copies"]["failure"]) == (1, "")

    def test_one_that_fails_does_not_keep_the_others(self, held: Held) -> None:
        broken = held.film(10 * MINUTE_US)
        held.film(20 * MINUTE_US)
        held.store.put("footage", broken.object, b"other bytes")
        of = held.hold()
        held.round("evidence")
        assert held.shown(of)["copies"]["stored"] == 1

    def test_a_bucket_that_cannot_lock_takes_no_evidence(self, held: Held) -> None:
        held.store.ensure_bucket("evidence")
        held.film()
        of = held.hold()
        with pytest.raises(StoreRefused, match="without object lock"):
            held.round("evidence")
        assert held.rows_of(of)[0][0] == "writing"
        assert marked_when_due(held) == 0


class TestLocks:
    def test_nobody_can_delete_a_copy_or_shorten_its_lock(self, held: Held) -> None:
        held.film(content=b"kept")
        of = held.hold()
        held.round("evidence")
        (copy,) = held.copies(of)
        version = Version(copy.key, copy.version)
        assert list(held.store.erase_many("evidence", [version])) == [version]
        with pytest.raises(StoreRefused):
            held.store.lock("evidence", copy.key, str(copy.version), held.now_us + DAY_US)
        held.store.delete("evidence", copy.key)  # leaves a mark, and the bytes
        assert held.store.get("evidence", copy.key, version=copy.version) == b"kept"

    def test_a_lock_never_lasts_longer_than_its_hold(self, held: Held) -> None:
        held.film()
        ends_us = held.now_us + DAY_US
        of = held.hold(ends_us=ends_us)
        held.round("evidence", "locks")
        (copy,) = held.copies(of)
        until_us = held.store.locked_until("evidence", copy.key, str(copy.version))
        assert until_us is not None
        assert ends_us <= until_us < ends_us + SECOND_US

    def test_locks_follow_the_clock_while_the_hold_stands(self, held: Held) -> None:
        held.film()
        ends_us = held.now_us + 10 * DAY_US
        of = held.hold(ends_us=ends_us)
        held.round("evidence", "locks")
        first = lock_of(held, of)
        held.clock.advance(DAY_US / SECOND_US / 2)
        held.round("locks")
        assert lock_of(held, of) == first
        held.clock.advance(DAY_US / SECOND_US)
        held.round("locks")
        assert lock_of(held, of) >= held.now_us + TERM_US
        for _ in range(4):
            held.clock.advance(DAY_US / SECOND_US)
            held.round("locks")
        assert ends_us <= lock_of(held, of) < ends_us + SECOND_US

    def test_an_extended_hold_has_its_locks_extended(self, held: Held) -> None:
        held.film()
        of = held.hold(ends_us=held.now_us + DAY_US)
        held.round("evidence")
        held.extend(of, held.now_us + 30 * DAY_US)
        held.round("locks")
        assert lock_of(held, of) >= held.now_us + TERM_US

    def test_the_metric_is_the_time_until_the_first_lock_ends(self, held: Held, metric: Callable[..., float]) -> None:
        held.round("locks")
        assert metric("vantage_storage_evidence_lock_seconds") == TERM_US / SECOND_US
        held.film()
        held.hold()
        held.round("evidence")
        held.clock.advance(3600)
        held.round("locks")
        assert 0 <= metric("vantage_storage_evidence_lock_seconds") - (TERM_US / SECOND_US - 3600) <= 1
        assert metric("vantage_storage_evidence_copies", state="stored") == 1

    def test_a_lock_that_reaches_its_holds_end_is_no_alarm(self, held: Held, metric: Callable[..., float]) -> None:
        held.film()
        held.hold(ends_us=held.now_us + DAY_US)
        held.round("evidence", "locks")
        assert metric("vantage_storage_evidence_lock_seconds") == TERM_US / SECOND_US

    def test_a_copy_that_was_deleted_when_its_lock_ran_out_is_named_and_made_again(self, late: Held) -> None:
        original = late.film(content=b"kept")
        of = late.hold()
        late.round("evidence")
        (copy,) = late.copies(of)
        wait_until_past(lock_of(late, of))
        assert list(late.store.erase_many("evidence", [Version(copy.key, copy.version)])) == []
        late.clock.advance(1.5 * DAY_US / SECOND_US)
        late.round("locks")
        progress = late.shown(of)["copies"]
        assert (progress["failed"], progress["stored"]) == (original.recording_id, 0)
        assert "gone from the store" in progress["failure"]
        assert marked_when_due(late) == 0
        late.clock.advance(3601)
        late.round("evidence")
        (again,) = late.copies(of)
        assert late.store.get("evidence", again.key, version=again.version) == b"kept"


class TestAfterACrash:
    """What a row that is being written names is looked for before it is written again."""

    def test_a_version_that_was_put_is_taken_and_locked(self, held: Held) -> None:
        of, original = self._begun(held)
        put = held.store.put("evidence", held.rows_of(of)[0][1], b"the bytes")
        held.round("evidence")
        (copy,) = held.copies(of)
        assert (copy.version, held.shown(of)["copies"]["stored"]) == (put.version, 1)
        assert lock_of(held, of) >= held.now_us + TERM_US
        assert held.store.stat("footage", original.object).size == copy.size

    def test_it_is_taken_even_when_the_original_cannot_be_read_now(self, held: Held) -> None:
        of, original = self._begun(held)
        held.store.put("evidence", held.rows_of(of)[0][1], b"the bytes")
        held.store.delete("footage", original.object)
        held.round("evidence")
        assert held.shown(of)["copies"]["stored"] == 1

    def test_of_two_one_is_taken_and_the_other_goes_when_its_lock_ends(self, late: Held) -> None:
        of, _ = self._begun(late)
        key = late.rows_of(of)[0][1]
        until_us = late.now_us + TERM_US
        for _ in range(2):
            late.store.put("evidence", key, b"the bytes", lock_until_us=until_us)
        late.round("evidence", "holds")
        (row,) = late.rows_of(of)
        assert len(late.copies(of)) == 2
        late.clock.advance(1.5 * DAY_US / SECOND_US)
        late.round("locks")  # the copy's own lock is made longer, the other's is not
        wait_until_past(until_us)
        late.clock.advance(TERM_US / SECOND_US - DAY_US / SECOND_US)
        late.round("holds")
        assert [one.version for one in late.copies(of)] == [row[2]]
        assert late.rows("table storage.evidence_extras") == []

    def test_bytes_that_are_others_are_not_taken_and_go(self, held: Held) -> None:
        of, _ = self._begun(held)
        held.store.put("evidence", held.rows_of(of)[0][1], b"something else")
        held.round("evidence", "holds")
        (copy,) = held.copies(of)
        assert held.store.get("evidence", copy.key, version=copy.version) == b"the bytes"

    def test_what_was_being_written_when_its_hold_ended_is_looked_for_before_the_hold_is_gone(self, late: Held) -> None:
        of, _ = self._begun(late)
        key = late.rows_of(of)[0][1]
        late.release(of)
        late.round("holds")
        assert late.shown(of)["state"] == "ending"  # its put may still be under way
        late.store.put("evidence", key, b"the bytes", lock_until_us=late.now_us + TERM_US)
        late.end_locks(of)
        assert late.copies(of) == []

    @staticmethod
    def _begun(held: Held) -> tuple[str, Any]:
        original = held.film(content=b"the bytes")
        held.store.ensure_bucket("evidence", lock=True)
        of = held.hold()
        NewlyHeld(held.parts).claim()
        assert held.rows_of(of)[0][0] == "writing"
        return of, original


class TestEnding:
    def test_a_released_hold_goes_when_its_locks_end_and_not_before(self, late: Held) -> None:
        for ago in (10, 20):
            late.film(ago * MINUTE_US)
        of = late.hold()
        late.round("evidence")
        late.clock.advance(1)
        late.release(of)
        late.round("holds")
        assert late.shown(of)["state"] == "ending"
        assert late.shown(of)["copies"]["leaving"] == len(late.copies(of)) == 2
        assert late.rows("select from storage.evidence_v1") == []
        late.end_locks(of)
        assert late.copies(of) == []
        assert late.rows_of(of) == []
        assert sum(int(one["count"]) for one in late.receipts("evidence.erased")) == 2
        assert [one["action"] for one in late.receipts("hold.")] == ["hold.placed", "hold.released", "hold.gone"]

    def test_a_hold_ends_by_itself(self, held: Held) -> None:
        held.film()
        of = held.hold(ends_us=held.now_us + 8 * SECOND_US)
        held.round("evidence", "holds")
        assert held.shown(of)["state"] == "standing"
        assert len(held.copies(of)) == 1
        held.clock.advance(8)
        held.round("holds")
        assert held.shown(of)["end_reason"] == "its end was reached"
        held.end_locks(of)
        assert held.copies(of) == []
        assert held.rows_of(of) == []
        assert [one["action"] for one in held.receipts("hold.")] == ["hold.placed", "hold.expired", "hold.gone"]

    def test_the_original_is_never_touched(self, held: Held) -> None:
        original = held.film(content=b"the bytes")
        of = held.hold(ends_us=held.now_us + 8 * SECOND_US)
        held.round("evidence")
        held.clock.advance(8)
        held.end_locks(of)
        assert held.store.get("footage", original.object) == b"the bytes"
        assert held.rows("select garbage from storage.recordings") == [(False,)]

    def test_what_was_never_copied_goes_with_its_hold(self, held: Held) -> None:
        original = held.film()
        held.store.delete("footage", original.object)
        of = held.hold()
        held.round("evidence")
        held.release(of)
        held.end_locks(of)
        assert held.rows_of(of) == []
        assert marked_when_due(held) == 1

    def test_a_mark_that_somebody_left_goes_as_well(self, late: Held) -> None:
        late.film()
        of = late.hold()
        late.round("evidence")
        (copy,) = late.copies(of)
        late.store.delete("evidence", copy.key)
        late.release(of)
        late.end_locks(of)
        assert late.copies(of) == []

    def test_where_copies_are_encrypted_the_holds_key_is_destroyed_at_once(self, held: Held) -> None:
        held.film()
        other, of = held.hold(), held.hold()
        held.round("evidence")
        keyring = Keys()
        vars(held.store)["keyring"] = keyring
        held.release(of)
        held.round("holds", "holds")
        assert keyring.destroyed == [f"evidence-{of}"]
        assert [one["resource"] for one in held.receipts("hold.key-destroyed")] == [f"hold/{of}"]
        assert held.shown(other)["state"] == "standing"
        assert len(held.copies(of)) == 1  # its ciphertext waits for the lock

    def test_a_hold_of_nothing_is_gone_at_once(self, held: Held) -> None:
        of = held.hold()
        held.release(of)
        held.round("holds")
        assert held.shown(of)["state"] == "gone"

    def test_one_that_is_extended_in_time_does_not_end(self, held: Held) -> None:
        of = held.hold(ends_us=held.now_us + DAY_US)
        held.extend(of, held.now_us + 2 * DAY_US)
        held.clock.advance(1.5 * DAY_US / SECOND_US)
        held.round("holds")
        assert held.shown(of)["state"] == "standing"

    def test_a_copy_of_what_two_persons_ordered_to_be_destroyed_goes_though_the_request_stands(
        self, late: Held
    ) -> None:
        original = late.film()
        of = late.hold(kind="access-request", approver="", ends_us=None)
        late.round("evidence")
        body = {"decision_id": "dec-x", "requester": "ana", "approver": "bo", "reason": "a bedroom window"}
        span = {"camera_id": original.camera_id, "from_us": original.start, "to_us": original.end}
        assert late.post("/v1/destructions", {**body, **span})[0] == 200
        wait_until_past(late.now_us + TERM_US)
        late.clock.advance(TERM_US / SECOND_US + 1)
        late.round("holds")
        assert late.copies(of) == []
        assert late.rows_of(of) == []
        assert late.shown(of)["state"] == "standing"


class Keys:
    """A keyring that remembers what was destroyed."""

    def __init__(self) -> None:
        self.destroyed: list[str] = []

    def key_for(self, bucket: str, key: str, *, make: bool = False) -> bytes | None:
        return None

    def destroy(self, key_id: str) -> None:
        self.destroyed.append(key_id)


def lock_of(held: Held, of: str) -> int:
    """Until when the store keeps a hold's one copy."""
    ((_, key, version, noted),) = held.rows_of(of)
    try:
        until_us = held.store.locked_until("evidence", key, version)
    except ObjectMissing:
        pytest.fail("the copy is gone")
    assert until_us == noted
    assert until_us is not None
    return until_us


@pytest.fixture
def metric() -> Callable[..., float]:
    from prometheus_client import REGISTRY

    def value(name: str, **labels: str) -> float:
        found = REGISTRY.get_sample_value(name, labels)
        assert found is not None
        return found

    return value
