"""The check names each disagreement, and only what is one; what it repairs is mended. On the real parts."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import REGISTRY

from vantage.errors import KeyDestroyed, StoreRefused
from vantage.objects import ObjectInfo, S3ObjectStore
from vantage_storage.domain.day import DAY_US, compact, day_of
from vantage_storage.domain.disagreement import KINDS
from vantage_storage.fsck_findings import Scope
from vantage_storage.fsck_result import show_last

from .fsck_tools import Checked, empty_bucket, look, named, repaired
from .retention_tools import HOUR_US

DAYS_33 = 33 * DAY_US // 1_000_000


@pytest.fixture
def cell(environment: Mapping[str, str], object_store: S3ObjectStore, make_recording: Any) -> Iterator[Checked]:
    made = Checked(environment, object_store, make_recording)
    yield made
    empty_bucket(made, "footage")
    made.close()


def orphan(cell: Checked, name: str = "rec_x.mp4") -> str:
    key = f"{cell.cell}/pier-1/{compact(day_of(cell.now_us))}/{name}"
    cell.store.put("footage", key, b"of nobody")
    return key


class TestAgreement:
    def test_what_is_in_order_is_named_by_nobody(self, cell: Checked, make_track: Any) -> None:
        for minute in range(5):
            cell.film(ago_us=minute * 60_000_000 + 600_000_000)
            cell.film(ago_us=minute * 60_000_000 + DAY_US, name="pier-2")
        cell.index(make_track(cell.camera()))
        cell.hold()
        cell.round("evidence", "locks", "receipts")
        told, findings = look(cell.parts)
        assert told == []
        assert findings.counts == {"rows": 10, "objects": 10, "copies": 5, "hashed": 15}

    def test_a_cell_without_anything_is_in_order(self, cell: Checked) -> None:
        assert named(cell) == []

    def test_what_is_gone_at_the_second_look_is_none(self, cell: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
        cell.film()
        listing: Callable[..., Iterator[ObjectInfo]] = cell.buckets.versions
        looks: list[str] = []

        def versions(bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
            looks.append(prefix)
            yield from () if looks.count(prefix) == 1 else listing(bucket, prefix)

        monkeypatch.setattr(cell.buckets, "versions", versions, raising=False)
        assert named(cell) == []
        assert any(looks.count(prefix) == 2 for prefix in looks)


class TestFootage:
    def test_a_row_whose_object_is_gone(self, cell: Checked) -> None:
        kept, lost = cell.film(ago_us=600_000_000), cell.film(ago_us=900_000_000)
        cell.store.delete("footage", lost.object)
        told, _ = look(cell.parts)
        assert [(one.kind, one.camera_id, one.what) for one in told] == [
            ("indexed-but-missing", cell.camera(), lost.recording_id)
        ]
        assert lost.object in told[0].value
        assert "backup" in told[0].remedy
        assert repaired(cell) == []
        assert cell.store.stat("footage", kept.object).size == kept.size

    def test_an_object_of_another_size(self, cell: Checked) -> None:
        one = cell.film()
        cell.store.put("footage", one.object, b"cut off")
        told, _ = look(cell.parts)
        assert [(found.kind, found.value) for found in told] == [
            ("size-differs", f"7 bytes, {one.size} are indexed"),
        ]

    def test_other_bytes_of_the_same_size(self, cell: Checked) -> None:
        one = cell.film()
        cell.store.put("footage", one.object, b"x" * one.size)
        told, _ = look(cell.parts)
        assert [(found.kind, found.what) for found in told] == [("digest-differs", one.recording_id)]
        assert one.sha256 in told[0].value

    @pytest.mark.parametrize("refusal", [KeyDestroyed("its key was destroyed"), StoreRefused("not for storage")])
    def test_bytes_that_nobody_can_read(
        self, cell: Checked, monkeypatch: pytest.MonkeyPatch, refusal: Exception
    ) -> None:
        one = cell.film()

        def refuse(*_: object, **__: object) -> bytes:
            raise refusal

        monkeypatch.setattr(cell.buckets, "get", refuse, raising=False)
        assert [(found.what, found.value) for found in look(cell.parts)[0]] == [(one.recording_id, str(refusal))]
        assert named(cell) == [("unreadable", one.recording_id)]

    def test_an_object_without_a_row_is_in_flight_while_it_is_young(self, cell: Checked) -> None:
        key = orphan(cell)
        told, findings = look(cell.parts, grace_us=HOUR_US)
        assert (told, findings.counts["in_flight"]) == ([], 1)
        cell.clock.advance(2 * 3600)
        assert named(cell, grace_us=HOUR_US) == [("object-without-row", key)]
        assert repaired(cell, grace_us=HOUR_US) == []
        assert cell.store.get("footage", key) == b"of nobody"

    def test_an_object_without_a_row_that_is_past_its_date_goes_by_repair(self, cell: Checked) -> None:
        key = orphan(cell)
        cell.clock.advance(DAYS_33)
        assert ("leftover-past-retention", key) in named(cell)
        assert "sweep" in repaired(cell)
        cell.round("receipts")
        assert named(cell) == []
        assert cell.versions("footage") == []

    def test_an_old_version_and_the_mark_of_a_deletion(self, cell: Checked) -> None:
        cell.buckets.keep_versions("footage")
        one, lost = cell.film(ago_us=600_000_000), cell.film(ago_us=900_000_000)
        cell.store.put("footage", one.object, cell.store.get("footage", one.object))
        cell.store.delete("footage", lost.object)
        found = named(cell)
        assert found.count(("extra-version", one.object)) == 1
        assert ("extra-version", lost.object) in found
        assert ("indexed-but-missing", lost.recording_id) in found

    def test_what_lies_where_nothing_would_erase_it(self, cell: Checked) -> None:
        cell.store.put("footage", f"{cell.cell}/pier-1/tomorrow/rec_x.mp4", b"x")
        assert named(cell) == [("strange-key", f"{cell.cell}/pier-1/tomorrow/")]

    def test_what_is_past_its_date_goes_by_repair(self, cell: Checked) -> None:
        one = cell.film()
        cell.clock.advance(DAYS_33)
        assert ("past-retention", one.recording_id) in named(cell)
        assert "erasure" in repaired(cell)
        cell.round("receipts")
        assert named(cell) == []

    def test_what_is_past_its_date_and_held_is_in_order(self, cell: Checked) -> None:
        one = cell.film()
        cell.hold()
        cell.clock.advance(DAYS_33)
        assert ("past-retention", one.recording_id) not in named(cell)

    def test_an_erasure_that_was_cut_off_is_ended_by_repair(self, cell: Checked) -> None:
        one = cell.film()
        cell.execute("update storage.recordings set garbage = true")
        assert named(cell) == [("garbage-row-left", one.recording_id)]
        assert repaired(cell) == ["erasure"]
        assert named(cell) == []
        assert cell.versions("footage") == []
        assert [one["count"] for one in cell.receipts("garbage.erase")] == ["1"]

    def test_a_sweep_that_was_cut_off_is_ended_by_repair(self, cell: Checked) -> None:
        key = orphan(cell)
        cell.execute("insert into storage.leftovers values ('footage', %s, '', 20000, 9, 1)", key)
        assert named(cell) == [("leftover-noted", f"footage/{key}")]
        assert repaired(cell) == ["sweep"]
        assert named(cell) == []

    def test_only_the_cameras_and_days_that_are_wanted(self, cell: Checked) -> None:
        today, yesterday = cell.film(), cell.film(ago_us=DAY_US + 600_000_000)
        other = cell.film(name="pier-2")
        for one in (today, yesterday, other):
            cell.store.delete("footage", one.object)
        cell.execute("insert into storage.offsets values ('recordings.v1', 1, 1000000000)")
        day = day_of(yesterday.start)
        assert named(cell, scope=Scope([cell.camera()], day, day)) == [("indexed-but-missing", yesterday.recording_id)]
        assert cell.rows("select whole from storage.checks") == [(False,)]


class TestBooks:
    def test_receipts_that_nobody_published_are_by_repair(self, cell: Checked) -> None:
        cell.execute(
            "insert into storage.receipts values (%s, %s, 'retention.erase', 'footage/20260921', '', '{}')",
            f"rcp_{uuid4().hex}",
            cell.now_us - 2 * HOUR_US,
        )
        assert named(cell) == [("receipt-unpublished", "1 receipts")]
        assert repaired(cell) == ["receipts"]
        assert named(cell) == []

    def test_a_receipt_under_a_policy_that_is_not_there(self, cell: Checked) -> None:
        detail = json.dumps({"policy_version": "99"})
        cell.execute("insert into storage.receipts values ('rcp_1', 0, 'retention.erase', 'x', '', %s, true)", detail)
        assert named(cell) == [("receipt-of-no-policy", "version 99")]

    def test_a_day_of_which_nothing_is_left_goes_by_repair(self, cell: Checked) -> None:
        one = cell.film()
        cell.store.delete("footage", one.object)
        cell.execute("delete from storage.recordings")
        cell.clock.advance(DAYS_33)
        assert named(cell) == [("partition-empty-behind", f"recordings_{compact(day_of(one.start))}")]
        assert repaired(cell) == ["erasure"]
        assert named(cell) == []

    def test_a_place_that_the_event_log_does_not_have(self, cell: Checked, kafka_bootstrap: str) -> None:
        topic = f"fsck-{uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
        admin.create_topics([NewTopic(topic, 2, 1)])[topic].result()
        producer = Producer({"bootstrap.servers": kafka_bootstrap})
        for number in range(5):
            producer.produce(topic, b"x", partition=number % 2)
        producer.flush(30)
        next(iter(admin.delete_records([TopicPartition(topic, 0, 2)]).values())).result()
        cell.execute("insert into storage.offsets values (%s, 0, 1), (%s, 1, 3)", topic, topic)
        assert named(cell) == [("log-forgotten", f"{topic}/0"), ("offsets-ahead", f"{topic}/1")]

    def test_the_last_check_of_the_whole_cell_is_shown(self, cell: Checked) -> None:
        cell.store.delete("footage", cell.film().object)
        look(cell.parts)
        look(cell.parts, scope=Scope(["c1.nobody"]))
        cell.clock.advance(60)
        show_last(cell.parts)
        shown = {
            kind: REGISTRY.get_sample_value("vantage_storage_check_disagreements", {"kind": kind}) for kind in KINDS
        }
        assert {kind: value for kind, value in shown.items() if value} == {"indexed-but-missing": 1.0}
        assert REGISTRY.get_sample_value("vantage_storage_check_age_seconds") == 60.0


class TestEvidence:
    def test_a_held_recording_without_a_copy_is_copied_by_repair(self, cell: Checked) -> None:
        one = cell.film()
        cell.hold()
        cell.round("receipts")
        assert named(cell) == []
        cell.clock.advance(2 * 3600)
        assert named(cell) == [("hold-copy-missing", one.recording_id)]
        assert repaired(cell) == ["evidence"]
        cell.round("receipts")
        assert named(cell) == []

    def test_a_copy_that_cannot_be_made_is_named_with_the_reason(self, cell: Checked) -> None:
        one = cell.film()
        cell.store.put("footage", one.object, b"x" * one.size)
        cell.hold()
        cell.round("evidence")
        found = {(one.kind, one.what): one.value for one in look(cell.parts)[0]}
        assert "was indexed" in found["evidence-writing-left", one.recording_id]

    def test_a_copy_that_is_gone_is_made_again_by_repair(self, cell: Checked) -> None:
        one = cell.film()
        hold = cell.hold()
        cell.round("evidence")
        cell.execute("update storage.evidence set version = 'gone'")
        ((key, _),) = [(copy.key, copy.version) for copy in cell.copies(hold)]
        assert named(cell) == [("evidence-missing", one.recording_id), ("extra-version", key)]
        assert repaired(cell) == ["evidence"]
        assert named(cell) == []
        assert cell.rows_of(hold)[0][0] == "stored"

    def test_a_lock_that_has_lapsed_is_made_longer_by_repair(self, cell: Checked) -> None:
        one = cell.film()
        cell.hold()
        cell.round("evidence", "receipts")
        cell.clock.advance(8 * DAY_US // 1_000_000)
        assert named(cell) == [("evidence-lock-lapsed", one.recording_id)]
        assert repaired(cell) == ["locks"]
        assert named(cell) == []

    def test_what_was_released_and_is_still_there(self, cell: Checked) -> None:
        one = cell.film()
        hold = cell.hold()
        cell.round("evidence", "receipts")
        cell.release(hold)
        cell.round("holds", "receipts")
        assert named(cell) == []
        cell.clock.advance(8 * DAY_US // 1_000_000)
        assert named(cell) == [("evidence-garbage-left", one.recording_id)]

    def test_objects_of_a_hold_that_nobody_knows(self, cell: Checked) -> None:
        cell.store.ensure_bucket("evidence", lock=True)
        cell.store.put("evidence", f"{cell.cell}/hld_x/pier-1/rec_1.mp4", b"x")
        assert named(cell) == [("evidence-of-no-hold", f"{cell.cell}/hld_x/")]
