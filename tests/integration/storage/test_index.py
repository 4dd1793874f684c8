"""The index in PostgreSQL: each row once, whole batches only, any day, and readers see the views alone."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.conninfo import make_conninfo
from structlog.testing import capture_logs

from vantage.clock import ManualClock
from vantage.contracts import Recording, Track
from vantage.contracts.base import Origin
from vantage.contracts.recording import Gap
from vantage.fragment_digests import trailer
from vantage.postgres import connect_pool, migrate
from vantage.stream import Poison, Received
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import DAY_US
from vantage_storage.errors import DayMissing
from vantage_storage.indexer import Indexer
from vantage_storage.service import MIGRATIONS, SCHEMA

MakeRecording = Callable[..., Recording]
MakeTrack = Callable[..., Track]

SECOND = 1_000_000


class Bench:
    """An indexer on the test's database; each is like a process started anew."""

    def __init__(self, dsn: str) -> None:
        self.pool = connect_pool(dsn, application="test-storage")
        self.index = PostgresIndex(self.pool, dsn)
        self.clock = ManualClock()
        self.indexer = Indexer(self.index, self.clock, days_ahead=2)

    def handle(self, *messages: Recording | Track, first_offset: int = 0) -> None:
        self.indexer.handle(received(messages, first_offset))


def received(messages: Sequence[Recording | Track], first: int = 0) -> list[Received[Recording | Track]]:
    topics = {Recording: "recordings.v1", Track: "tracks.v1"}
    return [
        Received(
            message=one, topic=topics[type(one)], partition=0, offset=first + at, key=one.camera_id, timestamp_us=0
        )
        for at, one in enumerate(messages)
    ]


@pytest.fixture
def bench(database: Any) -> Iterator[Bench]:
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    made = Bench(database.dsn)
    yield made
    made.pool.close()


class TestRows:
    def test_a_recording_is_read_back_as_it_was_announced(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        gap = Gap(start=1_789_999_999_000_000, end=1_790_000_000_000_000, cause="stream-stalled", detail="it's\n{no}\\")
        one = make_recording("hk1.one", gap_before=gap)
        box = trailer(part.sha256 for part in one.fragments)
        bench.handle(one, make_recording("hk1.two"))
        whole = "select to_jsonb(recording) from storage.recordings_v1 as recording where camera_id = 'hk1.one'"
        assert database.rows(whole)[0][0] == {
            "recording_id": one.recording_id,
            "camera_id": "hk1.one",
            "epoch": one.epoch,
            "start_us": one.start,
            "end_us": one.end,
            "clock": {"quality": "ntp", "offset_us": -1200, "uncertainty_us": 5000},
            "codec": "avc1.64001F",
            "width": 640,
            "height": 272,
            "bucket": "footage",
            "object": one.object,
            "size": one.size,
            "sha256": one.sha256,
            "init_length": one.init_length,
            "fragments": [[part.start, part.duration, part.offset, part.length] for part in one.fragments],
            "gap_before": {"start": gap.start, "end": gap.end, "cause": "stream-stalled", "detail": "it's\n{no}\\"},
            "retention_class": "standard",
            "origin": {"coder": "camera", "masks": []},
            "digests_sha256": hashlib.sha256(box).hexdigest(),
            "fragments_end": one.size - len(box),
            "trailer": None,
        }

    def test_who_coded_a_recording_is_read_back(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        bench.handle(make_recording("hk1.one", origin=Origin(coder="vantage", masks=["window"])))
        assert database.rows("select origin from storage.recordings_v1") == [
            ({"coder": "vantage", "masks": ["window"]},)
        ]

    def test_what_is_garbage_is_shown_to_nobody(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        bench.handle(make_recording("hk1.one"), make_recording("hk1.two"))
        database.execute("update storage.recordings set garbage = true where camera_id = 'hk1.one'")
        assert database.rows("select camera_id from storage.recordings_v1") == [("hk1.two",)]

    def test_a_track_is_read_back_as_it_was_announced(self, bench: Bench, database: Any, make_track: MakeTrack) -> None:
        one = make_track("hk1.one", run_id="run-1")
        bench.handle(one)
        whole = "select to_jsonb(track) from storage.tracks_v1 as track"
        assert database.rows(whole)[0][0] == {
            "track_id": one.track_id,
            "camera_id": "hk1.one",
            "epoch": one.epoch,
            "number": one.number,
            "label": "bicycle",
            "score": 163,
            "start_us": one.start,
            "end_us": one.end,
            "observations": 21,
            "path": [[0, 9000, 20000, 15000, 40000], [4_200_000, 52000, 21000, 58000, 41000]],
            "ended": "lost",
            "detector": "nanodet",
            "version": "1.0.0",
            "model_digest": one.model_digest,
            "run_id": "run-1",
        }

    def test_two_epochs_of_one_moment_are_two_rows(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        bench.handle(make_recording("hk1.one", epoch=1), make_recording("hk1.one", epoch=2))
        assert database.rows("select epoch from storage.recordings_v1 order by epoch") == [(1,), (2,)]


class TestOnce:
    def test_a_batch_that_comes_again_writes_nothing(
        self, bench: Bench, database: Any, make_recording: MakeRecording, make_track: MakeTrack
    ) -> None:
        batch: list[Recording | Track] = [make_recording("hk1.one"), make_track("hk1.one"), make_recording("hk1.two")]
        bench.handle(*batch)
        before = database.rows("select xmin::text, camera_id from storage.recordings order by camera_id")
        bench.handle(*batch, *batch)
        assert database.rows("select xmin::text, camera_id from storage.recordings order by camera_id") == before
        assert database.rows("select count(*) from storage.tracks") == [(1,)]

    def test_the_place_in_the_log_is_written_with_the_rows(self, bench: Bench, make_recording: MakeRecording) -> None:
        assert bench.indexer.start_offsets("recordings.v1", [0, 3]) == {0: 0, 3: 0}
        bench.handle(make_recording("hk1.one"), make_recording("hk1.two"), first_offset=40)
        assert bench.indexer.start_offsets("recordings.v1", [0, 3]) == {0: 42, 3: 0}
        assert bench.indexer.start_offsets("tracks.v1", [0]) == {0: 0}

    def test_a_slow_replica_sets_no_place_back(self, bench: Bench, make_recording: MakeRecording) -> None:
        bench.handle(make_recording("hk1.one"), first_offset=40)
        bench.handle(make_recording("hk1.one"), first_offset=7)
        assert bench.indexer.start_offsets("recordings.v1", [0]) == {0: 41}

    def test_replicas_that_write_the_same_at_once_write_it_once(
        self, database: Any, bench: Bench, make_recording: MakeRecording
    ) -> None:
        batch = [make_recording(f"hk1.c{number}") for number in range(200)]
        others = [Bench(database.dsn) for _ in range(3)]
        work = [threading.Thread(target=other.handle, args=batch) for other in others]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        for other in others:
            other.pool.close()
        assert database.rows("select count(*), count(distinct recording_id) from storage.recordings") == [(200, 200)]


class TestContradictions:
    @pytest.mark.parametrize("at_once", [True, False])
    def test_other_bytes_under_one_id_are_poison_and_the_first_stays(
        self, bench: Bench, database: Any, make_recording: MakeRecording, at_once: bool
    ) -> None:
        kept, other = make_recording("hk1.one"), replace(make_recording("hk1.one"), sha256="ef" * 32)
        if not at_once:
            bench.handle(kept)
        with pytest.raises(Poison) as caught:
            bench.handle(*([kept] if at_once else []), make_recording("hk1.two"), other, first_offset=7)
        assert caught.value.received.message is other
        assert kept.sha256 in str(caught.value)
        assert "ef" * 32 in str(caught.value)
        assert database.rows("select camera_id from storage.recordings") == ([] if at_once else [("hk1.one",)])
        assert bench.index.next_offsets("recordings.v1", [0]) == {0: 0 if at_once else 1}

    def test_a_message_at_odds_with_itself_is_poison(self, bench: Bench, make_recording: MakeRecording) -> None:
        with pytest.raises(Poison, match="the object has 1 bytes"):
            bench.handle(replace(make_recording("hk1.one"), size=1))


class TestDays:
    def test_days_are_made_ahead_and_again_when_the_day_turns(self, bench: Bench, database: Any) -> None:
        bench.indexer.idle()
        tables = "select tablename from pg_tables where tablename ~ '^(recordings|tracks)_[0-9]{8}$' order by 1"
        days = ["20260921", "20260922", "20260923"]
        assert database.rows(tables) == [(f"{kind}_{day}",) for kind in ("recordings", "tracks") for day in days]
        bench.clock.advance(86_400)
        bench.indexer.idle()
        assert ("recordings_20260924",) in database.rows(tables)

    def test_a_clock_far_off_stops_nothing_and_is_named(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        bench.indexer.idle()
        starts = [0, 1_000, 60 * 365 * DAY_US, 1_790_000_000_000_000]
        with capture_logs() as lines:
            bench.handle(*(make_recording(f"hk1.c{start}", start=start) for start in starts))
        assert database.rows("select start_us from storage.recordings_v1 order by 1") == sorted(
            (one,) for one in starts
        )
        assert [(line["day"], line["camera"]) for line in lines] == [
            ("19700101", "hk1.c0"),
            ("20291217", f"hk1.c{starts[2]}"),
        ]

    def test_a_day_that_was_dropped_is_made_again(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        bench.indexer.idle()
        database.execute("drop table storage.recordings_20260921")
        with pytest.raises(DayMissing):
            bench.handle(make_recording("hk1.one"))
        bench.handle(make_recording("hk1.one"))
        assert database.rows("select count(*) from storage.recordings") == [(1,)]

    def test_replicas_that_start_together_make_days_once(self, bench: Bench, database: Any) -> None:
        others = [Bench(database.dsn) for _ in range(3)]
        failures: list[BaseException] = []

        def idle(other: Bench) -> None:
            try:
                other.indexer.idle()
            except BaseException as error:  # noqa: BLE001  # whatever it is, the test shows it
                failures.append(error)

        work = [threading.Thread(target=idle, args=[other]) for other in others]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        for other in others:
            other.pool.close()
        assert failures == []


class TestReaders:
    @pytest.fixture
    def reader(self, database: Any, bench: Bench, postgres_dsns: Mapping[str, str]) -> str:
        return make_conninfo(postgres_dsns["api"], dbname=database.name)

    @pytest.mark.parametrize("query", ["select * from storage.recordings_v1", "select * from storage.tracks_v1"])
    def test_a_reader_reads_the_views(
        self, bench: Bench, reader: str, query: str, make_recording: MakeRecording, make_track: MakeTrack
    ) -> None:
        bench.handle(make_recording("hk1.one"), make_track("hk1.one"))
        with psycopg.connect(reader) as connection:
            assert len(connection.execute(query.encode()).fetchall()) == 1

    @pytest.mark.parametrize(
        ("cameras", "label", "most", "found"),
        [
            (["hk1.one"], "bicycle", 9, [21, 11, 1]),
            (["hk1.one"], "bicycle", 2, [21, 11]),
            (["hk1.one", "hk1.two"], "bicycle", 4, [22, 21, 12, 11]),
            (["hk1.two"], None, 9, [32, 22, 12, 2]),
            (["hk1.two"], "truck", 9, []),
            ([], None, 9, []),
        ],
    )
    def test_a_reader_finds_the_newest_tracks_of_cameras_and_label(  # noqa: PLR0917
        self,
        bench: Bench,
        reader: str,
        make_track: MakeTrack,
        cameras: list[str],
        label: str | None,
        most: int,
        found: list[int],
    ) -> None:
        start = make_track("hk1.one").start
        bench.handle(
            *(
                make_track(camera, start=start + (at + which) * SECOND, end=start + 90 * SECOND, label=kind, number=1)
                for which, camera in enumerate(("hk1.one", "hk1.two", "hk1.other"), 1)
                for at, kind in ((0, "bicycle"), (10, "bicycle"), (20, "bicycle"), (30, "bus"))
            )
        )
        query = "select start_us from storage.find_tracks_v1(%s::text[], %s::text, %s, %s, %s)"
        with psycopg.connect(reader) as connection:
            rows = connection.execute(query, [cameras, label, start, start + 33 * SECOND, most]).fetchall()
        assert [(at - start) // SECOND for (at,) in rows] == found

    def test_tracks_are_found_over_days_newest_first_and_over_all_of_time(
        self, bench: Bench, reader: str, make_track: MakeTrack
    ) -> None:
        starts = [make_track("hk1.one").start - days * DAY_US for days in (0, 1, 2, 5, 9, 400)]
        for start in starts:
            bench.handle(make_track("hk1.one", start=start, end=start + SECOND))
        query = "select start_us from storage.find_tracks_v1(array['hk1.one'], 'bicycle', 0, %s, %s)"
        with psycopg.connect(reader) as connection:
            for end in (starts[0] + 1, 2**62, 2**63 - 1):
                for most in (1, 4, 6, 100):
                    rows = connection.execute(query.encode(), [end, most]).fetchall()
                    assert [at for (at,) in rows] == starts[:most]
            assert connection.execute(query.encode(), [starts[1], 1]).fetchall() == [(starts[2],)]

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from storage.recordings",
            "select * from storage.offsets",
            "delete from storage.recordings_v1",
            "update storage.tracks_v1 set label = 'bus'",
            "create table storage.own (n int)",
        ],
    )
    def test_a_reader_reads_nothing_else_and_writes_nothing(self, reader: str, statement: str) -> None:
        with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())

    def test_a_search_by_camera_and_time_uses_one_day_and_its_index(
        self, bench: Bench, database: Any, make_recording: MakeRecording
    ) -> None:
        bench.handle(*(make_recording(f"hk1.c{number}") for number in range(300)))
        database.execute("analyze storage.recordings")
        start = make_recording("hk1.c7").start
        plan = database.rows(
            "explain select object from storage.recordings_v1 where camera_id = %s and start_us between %s and %s",
            "hk1.c7",
            start,
            start + 60_000_000,
        )
        text = "\n".join(line for (line,) in plan)
        assert "recordings_20260921_pkey" in text
        assert "Seq Scan" not in text
        assert "recordings_20260922" not in text
