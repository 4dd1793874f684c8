"""Storage as a process that is killed, replayed, contradicted, cut off from its database: nothing lost or twice."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from vantage.contracts import Recording, Track
from vantage.postgres import read_migrations
from vantage_storage.service import MIGRATIONS

MakeRecording = Callable[..., Recording]
MakeTrack = Callable[..., Track]

DEADLINE_S = 90.0
ROWS = "select (select count(*) from storage.recordings), (select count(*) from storage.tracks)"


def eventually(condition: Callable[[], bool], storage: Any) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert storage.process.running, storage.log
        assert time.monotonic() < end, storage.log
        time.sleep(0.01)


def recent_us() -> int:
    """Some hours ago: what is older than the policy allows would be erased while the test looks."""
    return time.time_ns() // 1000 - 6 * 3_600_000_000


@pytest.fixture
def recordings(make_recording: MakeRecording, camera_id: str) -> list[Recording]:
    start = recent_us()
    return [make_recording(f"{camera_id}-{at % 50}", start=start + at * 1_000_000) for at in range(8000)]


@pytest.fixture
def tracks(make_track: MakeTrack, camera_id: str) -> list[Track]:
    start = recent_us()
    when = {"start": start, "end": start + 4_200_000}
    return [make_track(f"{camera_id}-{number % 50}", number=number + 1, **when) for number in range(4000)]


class TestKilled:
    def test_each_row_is_there_once_whenever_it_was_killed(
        self, storage: Any, database: Any, event_log: Any, recordings: list[Recording], tracks: list[Track]
    ) -> None:
        database.begin_at(event_log.starts)
        event_log.publish([*recordings, *tracks])
        whole = len(recordings) + len(tracks)
        for tenth in (1, 3, 5, 7):
            storage.start()
            eventually(lambda tenth=tenth: sum(database.rows(ROWS)[0]) > whole * tenth // 10, storage)  # type: ignore[misc]
            storage.process.kill9()
            assert sum(database.rows(ROWS)[0]) < whole
        storage.start()
        eventually(lambda: database.offsets() == event_log.ends(), storage)
        kept = {row for (row,) in database.rows("select recording_id from storage.recordings_v1")}
        assert kept == {one.recording_id for one in recordings}
        assert {row for (row,) in database.rows("select track_id from storage.tracks_v1")} == {
            one.track_id for one in tracks
        }
        assert database.rows(ROWS) == [(len(recordings), len(tracks))]

    def test_a_replay_from_the_beginning_writes_nothing(
        self, storage: Any, database: Any, event_log: Any, recordings: list[Recording], tracks: list[Track]
    ) -> None:
        database.begin_at(event_log.starts)
        event_log.publish([*recordings[:500], *tracks[:500]])
        storage.start()
        eventually(lambda: database.offsets() == event_log.ends(), storage)
        storage.stop()
        written = (
            "select xmin::text, recording_id from storage.recordings union all "
            "select xmin::text, track_id from storage.tracks"
        )
        before = set(database.rows(written))
        database.begin_at(event_log.starts)
        storage.start()
        eventually(lambda: database.offsets() == event_log.ends(), storage)
        assert set(database.rows(written)) == before
        assert len(before) == 1000

    def test_a_database_from_a_backup_catches_up_though_the_group_is_ahead(
        self, storage: Any, database: Any, event_log: Any, recordings: list[Recording]
    ) -> None:
        database.begin_at(event_log.starts)
        event_log.publish(recordings[:300])
        storage.start()
        eventually(lambda: database.offsets() == event_log.ends(), storage)
        storage.stop()
        database.begin_at(event_log.starts)
        database.execute("delete from storage.recordings")
        storage.start()
        eventually(lambda: database.offsets() == event_log.ends(), storage)
        assert database.rows("select count(*) from storage.recordings") == [(300,)]

    def test_it_stops_when_it_is_told(self, storage: Any, database: Any, event_log: Any) -> None:
        database.begin_at(event_log.starts)
        storage.start()
        eventually(lambda: "partitions assigned" in storage.log, storage)
        storage.stop()
        assert storage.process.exit_code == 0


class TestPoison:
    def test_what_cannot_be_indexed_is_a_dead_letter_with_its_reason_and_the_rest_goes_on(
        self, storage: Any, database: Any, event_log: Any, recordings: list[Recording], camera_id: str
    ) -> None:
        kept, other = recordings[0], replace(recordings[0], sha256="ef" * 32)
        of_nobody = replace(recordings[1], recording_id="rec_0")
        unreadable = replace(recordings[2], retention_class="Not a name")
        nul = replace(recordings[3], object="a\0b")
        database.begin_at(event_log.starts)
        event_log.publish([kept])
        storage.start()
        eventually(
            lambda: database.offsets() == event_log.ends() or len(database.rows("table storage.recordings")) == 1,
            storage,
        )
        event_log.publish([*recordings[10:200], other, of_nobody, unreadable, nul, *recordings[200:400]])
        eventually(lambda: database.rows("select count(*) from storage.recordings") == [(391,)], storage)
        reasons = [reason for _, reason in event_log.letters()]
        assert len(reasons) == 4
        assert any(kept.sha256 in reason and other.sha256 in reason for reason in reasons)
        assert any("id rec_0 is not the one" in reason for reason in reasons)
        assert any("retention_class" in reason for reason in reasons)
        assert any("NUL" in reason for reason in reasons)
        assert database.rows("select sha256 from storage.recordings_v1 where recording_id = %s", kept.recording_id) == [
            (kept.sha256,)
        ]


class TestDatabaseAway:
    def test_rows_wait_for_it_and_none_is_lost(
        self, storage: Any, database: Any, event_log: Any, recordings: list[Recording]
    ) -> None:
        database.begin_at(event_log.starts)
        event_log.publish(recordings[:100])
        storage.start()
        eventually(lambda: database.rows("select count(*) from storage.recordings") == [(100,)], storage)
        database.lock()
        event_log.publish(recordings[100:300])
        eventually(lambda: "unavailable" in storage.log, storage)
        eventually(lambda: "not currently accepting connections" in "".join(storage.waiting_for().values()), storage)
        assert all(line.startswith("{") for line in storage.log.splitlines())
        database.unlock()
        eventually(lambda: database.rows("select count(*) from storage.recordings") == [(300,)], storage)
        eventually(lambda: storage.waiting_for() == {}, storage)

    def test_a_start_without_it_waits_and_says_so(
        self, storage: Any, database: Any, event_log: Any, recordings: list[Recording]
    ) -> None:
        database.begin_at(event_log.starts)
        event_log.publish(recordings[:10])
        database.lock()
        storage.start()
        eventually(lambda: storage.log.count("waiting for the database") >= 2, storage)
        assert "not currently accepting connections" in storage.waiting_for()["database"]
        assert "Traceback" not in storage.log
        database.unlock()
        eventually(lambda: database.rows("select count(*) from storage.recordings") == [(10,)], storage)

    @pytest.mark.slow
    def test_partitions_that_come_while_it_is_away_wait_for_their_place(
        self, storage: Any, second_storage: Any, database: Any, event_log: Any, recordings: list[Recording]
    ) -> None:
        database.begin_at(event_log.starts)
        for replica in (storage, second_storage):
            replica.start()
            eventually(lambda replica=replica: "partitions assigned" in replica.log, replica)  # type: ignore[misc]
        event_log.publish(recordings[:100])
        eventually(lambda: database.rows("select count(*) from storage.recordings") == [(100,)], storage)
        database.lock()
        second_storage.process.kill9()
        event_log.publish(recordings[100:300])
        eventually(lambda: "waiting for the database" in storage.log, storage)
        database.unlock()
        eventually(lambda: database.offsets() == event_log.ends(), storage)
        assert database.rows("select count(*) from storage.recordings") == [(300,)]
        assert "Traceback" not in storage.log


class TestStart:
    def test_a_setting_that_is_missing_ends_it_with_a_line(self, storage: Any) -> None:
        storage.start(VANTAGE_STORAGE_DAYS_AHEAD="none")
        assert storage.process.wait(DEADLINE_S)
        assert storage.process.exit_code == 78
        assert "VANTAGE_STORAGE_DAYS_AHEAD is 'none'" in storage.log

    def test_migrate_makes_the_schema_and_ends(self, storage: Any, database: Any) -> None:
        for applied in ([one.name for one in read_migrations(MIGRATIONS)], []):
            storage.start("migrate")
            assert storage.process.wait(DEADLINE_S)
            assert storage.process.exit_code == 0
            assert f'"applied": {json.dumps(applied)}' in storage.log
        assert database.rows("table storage.recordings_v1") == []

    def test_a_newer_schema_ends_it_with_a_line(self, storage: Any, database: Any, event_log: Any) -> None:
        database.begin_at(event_log.starts)
        database.execute("insert into storage.schema_migrations values (9999, 'later', 'x')")
        storage.start()
        assert storage.process.wait(DEADLINE_S)
        assert storage.process.exit_code == 78
        assert "a newer release has been here" in storage.log

    @pytest.mark.parametrize("command", ["run", "migrate"])
    def test_a_schema_that_was_changed_by_hand_ends_it_with_a_line(
        self, storage: Any, database: Any, event_log: Any, command: str
    ) -> None:
        database.begin_at(event_log.starts)
        database.execute("alter table storage.recordings drop column gap_before cascade")
        storage.start(command)
        assert storage.process.wait(DEADLINE_S)
        assert storage.process.exit_code == 78
        assert "recordings has no column gap_before" in storage.log
        assert "Traceback" not in storage.log
