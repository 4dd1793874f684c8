"""What falls due goes from every store within its time, with a receipt; what does not, stays."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from vantage.contracts import Recording, Track
from vantage.errors import StoreRefused
from vantage.objects import S3ObjectStore
from vantage_storage import metrics
from vantage_storage.domain.day import DAY_US, compact, day_of
from vantage_storage.domain.hold import Decision
from vantage_storage.policies import change_policy

from .retention_tools import HOUR_US, DestroyedKeys, OwnBuckets, Retained, hold, midnight, total

NOW = 1_790_000_000_000_000
MakeRecording = Callable[..., Recording]
MakeTrack = Callable[..., Track]
BY = Decision("decision-1", "ana", "bo", "the scheme's new period")


@pytest.fixture
def retained(environment: Mapping[str, str], object_store: S3ObjectStore) -> Iterator[Retained]:
    made = Retained(environment, OwnBuckets(object_store), NOW)
    for bucket in ("footage", "stills", "exports"):
        made.store.ensure_bucket(bucket)
    yield made
    made.close()


def keep_versions(retained: Retained) -> None:
    assert isinstance(retained.store, OwnBuckets)
    retained.store.keep_versions("footage")


def keep_keys(retained: Retained) -> DestroyedKeys:
    assert isinstance(retained.store, OwnBuckets)
    retained.store.keyring = DestroyedKeys()
    return retained.store.keyring


def past_retention(store: str) -> float:
    return float(metrics.PAST_RETENTION.labels(store)._value.get())


class TestRecordings:
    def test_what_is_due_goes_with_its_object_and_the_rest_stays(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        start = midnight(NOW, 0)
        due, younger = retained.record(make_recording, start), retained.record(make_recording, start + HOUR_US)
        retained.clock.advance((due.end + 31 * DAY_US - NOW) / 1e6)
        retained.round("erasure")
        assert retained.versions("footage") == [younger.object]
        assert retained.rows("select recording_id from storage.recordings_v1") == [(younger.recording_id,)]

    def test_a_receipt_says_what_went_and_under_which_version(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        start = midnight(NOW, 0)
        gone = [retained.record(make_recording, start + minute * 60_000_000) for minute in range(3)]
        retained.clock.advance(32 * 86_400)
        retained.round("erasure")
        (receipt,) = retained.receipts("retention.erase")
        assert receipt["resource"] == f"footage/{compact(day_of(start))}"
        assert (receipt["count"], receipt["cameras"], receipt["policy_version"]) == ("3", "1", "1")
        assert receipt["bytes"] == str(sum(one.size for one in gone))
        assert (receipt["first_us"], receipt["last_us"]) == (str(start), str(gone[-1].end))

    def test_rounds_that_find_nothing_write_no_receipt(self, retained: Retained, make_recording: MakeRecording) -> None:
        retained.record(make_recording, midnight(NOW, 0))
        retained.clock.advance(32 * 86_400)
        for _ in range(3):
            retained.restart()
            retained.round("erasure", "sweep")
        assert len(retained.receipts()) == 1

    def test_more_than_a_batch_goes_in_one_round(self, retained: Retained, make_recording: MakeRecording) -> None:
        start = midnight(NOW, 0)
        messages = [
            make_recording(retained.camera(f"pier-{camera}"), start=start + minute * 60_000_000)
            for camera in range(3)
            for minute in range(900)
        ]
        retained.index(*messages)
        retained.clock.advance(33 * 86_400)
        retained.round("erasure")
        assert retained.rows("select count(*) from storage.recordings") == [(0,)]
        assert total(retained.receipts("retention.erase")) == 2700

    def test_the_tables_of_a_day_that_is_over_are_dropped(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        start = midnight(NOW, 0)
        retained.record(make_recording, start)
        retained.clock.advance(33 * 86_400)
        retained.round("erasure")
        assert retained.rows("select to_regclass(%s)", f"storage.recordings_{compact(day_of(start))}") == [(None,)]

    def test_every_version_and_mark_of_a_deletion_goes(self, retained: Retained, make_recording: MakeRecording) -> None:
        keep_versions(retained)
        made = retained.record(make_recording, midnight(NOW, 0))
        retained.store.put("footage", made.object, b"written over")
        retained.store.delete("footage", made.object)
        assert len(retained.versions("footage")) == 3
        retained.clock.advance(33 * 86_400)
        retained.round("erasure")
        assert retained.versions("footage") == []

    def test_a_bucket_that_is_not_there_stops_nothing(self, retained: Retained, make_recording: MakeRecording) -> None:
        made = make_recording(retained.camera(), start=midnight(NOW, 0), bucket="gone")
        retained.index(made)
        retained.clock.advance(33 * 86_400)
        retained.round("erasure")
        assert total(retained.receipts("retention.erase")) == 1

    def test_an_object_that_the_store_refuses_to_erase_keeps_no_other(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        made = [retained.record(make_recording, midnight(NOW, 0) + minute * 60_000_000) for minute in range(9)]
        assert isinstance(retained.store, OwnBuckets)
        retained.store.refused = {made[4].object}
        retained.clock.advance(33 * 86_400)
        for _ in range(2):
            with pytest.raises(StoreRefused):
                retained.round("erasure")
        assert retained.versions("footage") == [made[4].object]
        assert retained.rows("select recording_id, garbage from storage.recordings") == [(made[4].recording_id, True)]
        retained.round("ages")
        assert past_retention("recordings") > 0
        retained.store.refused = set()
        retained.round("erasure")
        assert total(retained.receipts("retention.erase")) == 9

    def test_what_arrives_after_its_date_goes_with_the_next_hour(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        retained.clock.advance(40 * 86_400)
        retained.round("erasure")
        retained.record(make_recording, midnight(NOW, 0))
        retained.clock.advance(3_600)
        retained.round("erasure")
        assert retained.versions("footage") == []


class TestHolds:
    def test_what_a_hold_has_not_copied_yet_stays_and_is_not_overdue(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        start = midnight(NOW, 0)
        held, free = (retained.record(make_recording, start + at) for at in (0, HOUR_US))
        hold(retained, "court", held)
        retained.clock.advance(34 * 86_400)
        retained.round("erasure", "sweep", "ages")
        assert retained.versions("footage") == [held.object]
        assert total(retained.receipts("retention")) == 1
        assert free.recording_id not in {one for (one,) in retained.rows("select recording_id from storage.recordings")}
        assert past_retention("recordings") == 0

    def test_what_a_hold_has_copied_goes_on_its_date(self, retained: Retained, make_recording: MakeRecording) -> None:
        held = retained.record(make_recording, midnight(NOW, 0))
        hold(retained, "case", held, copied=True)
        retained.clock.advance(34 * 86_400)
        retained.round("erasure")
        assert retained.versions("footage") == []
        assert retained.rows("select state from storage.evidence") == [("stored",)]


class TestClasses:
    def test_shorter_applies_at_once_and_longer_only_to_what_comes(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        start = midnight(NOW, 0)
        retained.record(make_recording, start)
        retained.clock.advance(25 * 86_400)
        retained.round("erasure")
        assert retained.receipts("retention.erase") == []
        change_policy(retained.parts, BY, {"standard": 24})
        retained.round("erasure")
        (receipt,) = retained.receipts("retention.erase")
        assert receipt["policy_version"] == "2"

    def test_longer_does_not_revive(self, retained: Retained, make_recording: MakeRecording) -> None:
        before = retained.record(make_recording, midnight(NOW, 0))
        retained.clock.advance(2 * 86_400)
        change_policy(retained.parts, BY, {"standard": 60})
        after = retained.record(make_recording, retained.clock.now_us())
        retained.clock.advance(40 * 86_400)
        retained.round("erasure")
        assert retained.versions("footage") == [after.object]
        assert retained.receipts("retention.erase")[0]["last_us"] == str(before.end)

    def test_each_class_goes_by_its_own_days(self, retained: Retained, make_recording: MakeRecording) -> None:
        change_policy(retained.parts, BY, {"standard": 31, "brief": 22})
        start = midnight(NOW, -1)
        brief = retained.record(make_recording, start, "pier-1", retention_class="brief")
        kept = retained.record(make_recording, start, "pier-2")
        retained.clock.advance(25 * 86_400)
        retained.round("erasure")
        assert retained.versions("footage") == [kept.object]
        (receipt,) = retained.receipts("retention.erase")
        assert (receipt["class"], receipt["last_us"]) == ("brief", str(brief.end))

    def test_tracks_go_with_the_class_of_their_cameras_recordings(
        self, retained: Retained, make_recording: MakeRecording, make_track: MakeTrack
    ) -> None:
        change_policy(retained.parts, BY, {"standard": 31, "brief": 22})
        start = midnight(NOW, -1)
        retained.record(make_recording, start, "pier-1", retention_class="brief")
        retained.record(make_recording, start, "pier-2")
        for name in ("pier-1", "pier-2", "pier-3"):
            retained.index(make_track(retained.camera(name), start=start, end=start + 5_000_000))
        retained.clock.advance(25 * 86_400)
        retained.round("erasure")
        left = retained.rows("select camera_id from storage.tracks order by camera_id")
        assert left == [(retained.camera("pier-2"),), (retained.camera("pier-3"),)]
        (receipt,) = [one for one in retained.receipts("retention.erase") if one["resource"].startswith("tracks/")]
        assert (receipt["count"], receipt["class"], receipt["policy_version"]) == ("1", "brief", "2")


class TestWithoutARow:
    def test_an_object_that_was_never_announced_goes_with_its_day(self, retained: Retained) -> None:
        day = compact(day_of(NOW))
        retained.store.put("footage", f"{retained.cell}/pier-1/{day}/rec_unknown.mp4", b"x" * 7)
        retained.store.put("stills", f"{retained.cell}/pier-1/{day}/0730/still.jpg", b"x" * 5)
        retained.clock.advance((midnight(NOW, 0) + 31 * DAY_US + 21 * HOUR_US - NOW) / 1e6)
        retained.round("sweep")
        assert retained.receipts() == []
        retained.clock.advance(3_600)
        retained.round("sweep")
        assert retained.versions("footage") + retained.versions("stills") == []
        found = {one["resource"]: (one["count"], one["bytes"]) for one in retained.receipts("retention.sweep")}
        assert found == {f"footage/{day}": ("1", "7"), f"stills/{day}": ("1", "5")}

    def test_an_object_with_a_row_is_left_to_the_erasure(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        made = retained.record(make_recording, midnight(NOW, 0))
        retained.clock.advance(33 * 86_400)
        retained.round("sweep")
        assert retained.versions("footage") == [made.object]

    def test_exports_go_on_the_day_in_their_key(self, retained: Retained) -> None:
        today, tomorrow = compact(day_of(NOW)), compact(day_of(NOW) + 1)
        for day in (today, tomorrow):
            retained.store.put("exports", f"{retained.cell}/{day}/case-7/export.zip", b"x")
        retained.round("sweep")
        assert retained.versions("exports") == [f"{retained.cell}/{tomorrow}/case-7/export.zip"]
        assert total(retained.receipts("retention.sweep")) == 1

    def test_a_mark_of_a_deletion_is_found_though_no_folder_shows_it(self, retained: Retained) -> None:
        keep_versions(retained)
        key = f"{retained.cell}/pier-1/{compact(day_of(NOW))}/rec_unknown.mp4"
        retained.store.put("footage", key, b"x")
        retained.store.delete("footage", key)
        retained.clock.advance(33 * 86_400)
        retained.round("sweep")
        assert retained.versions("footage") == []
        assert total(retained.receipts("retention.sweep")) == 2

    def test_a_key_without_a_day_is_nobodys_to_erase(self, retained: Retained) -> None:
        retained.store.put("footage", f"{retained.cell}/pier-1/notes/readme.txt", b"x")
        retained.clock.advance(400 * 86_400)
        retained.round("sweep")
        assert len(retained.versions("footage")) == 1
        assert metrics.STRANGE_KEYS.labels("footage")._value.get() == 1


class TestKeys:
    def test_the_key_of_a_day_is_destroyed_when_nothing_of_it_is_left(
        self, retained: Retained, make_recording: MakeRecording
    ) -> None:
        keys = keep_keys(retained)
        start = midnight(NOW, 0)
        retained.record(make_recording, start)
        retained.record(make_recording, start + 2 * HOUR_US)
        retained.clock.advance((start + 31 * DAY_US + HOUR_US - NOW) / 1e6)
        retained.round("erasure", "sweep")
        assert keys.destroyed == []  # half of the day is not due
        retained.clock.advance(86_400)
        retained.round("erasure", "sweep")
        assert keys.destroyed == [f"footage-{compact(day_of(start))}"]
        assert len(retained.receipts("key.destroy")) == 1

    def test_the_key_stays_while_a_row_of_the_day_does(self, retained: Retained, make_recording: MakeRecording) -> None:
        keys = keep_keys(retained)
        start = midnight(NOW, 0)
        retained.record(make_recording, start)
        retained.clock.advance(33 * 86_400)
        retained.round("erasure")
        retained.index(make_recording(retained.camera("pier-2"), start=start))
        retained.round("sweep")
        assert keys.destroyed == []


class TestTheFigureThatIsZero:
    def test_it_is_zero_while_the_promise_holds_and_grows_when_it_does_not(
        self, retained: Retained, make_recording: MakeRecording, make_track: MakeTrack
    ) -> None:
        made = retained.record(make_recording, midnight(NOW, 0))
        retained.index(make_track(retained.camera(), start=made.start, end=made.end))
        retained.clock.advance((made.end + 32 * DAY_US - NOW) / 1e6)
        retained.round("ages")
        assert (past_retention("recordings"), past_retention("tracks")) == (0, 0)
        assert metrics.OVERDUE.labels("recordings")._value.get() == 86_400
        retained.clock.advance(90)
        retained.round("ages")
        assert (past_retention("recordings"), past_retention("tracks")) == (90, 90)
        retained.round("erasure", "ages")
        assert (past_retention("recordings"), past_retention("tracks")) == (0, 0)
