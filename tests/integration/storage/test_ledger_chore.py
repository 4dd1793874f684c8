"""The ledger on real Kafka and PostgreSQL: figures and causes by day, and an alert for what has none."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from msgspec.structs import replace
from psycopg.conninfo import make_conninfo

from vantage.clock import ManualClock
from vantage.contracts import AlertEvent, Camera, CameraStatus, Finding, Recording, decode
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source
from vantage.contracts.recording import Gap
from vantage.contracts.status import CameraState
from vantage.objects import S3ObjectStore
from vantage.postgres import connect_pool, migrate
from vantage.publish import Publisher
from vantage.service import Running
from vantage.stream import Received
from vantage_stack.process import ManagedProcess
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import DAY_US, day_of
from vantage_storage.history import History
from vantage_storage.indexer import Indexer
from vantage_storage.ledger import Ledger
from vantage_storage.parts import Parts
from vantage_storage.service import MIGRATIONS, SCHEMA
from vantage_storage.settings import StorageSettings

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 20_700
NOON = DAY * DAY_US + DAY_US // 2
FOREVER = 1 << 52
LIMIT_S = 60.0


def camera(camera_id: str, changed_us: int, *, state: Any = "recording", revision: int = 1) -> Camera:
    return Camera(
        camera_id=camera_id,
        cell_id="hk1",
        revision=revision,
        state=state,
        name="A corner",
        source=Source(url="rtsp://10.20.0.17:554/one"),
        place=Place(latitude=22.2, longitude=114.1),
        authority=Authority(reference="SIP-1", expires_at=FOREVER),
        changed_at=changed_us,
    )


def status(camera_id: str, state: CameraState, since: int, heard: int, cause: str = "") -> CameraStatus:
    return CameraStatus(
        camera_id=camera_id, state=state, since=since, observed_at=heard, source="ingest", cause=cause, epoch=7
    )


class Findings:
    """findings.v1 from where it ended when the test began."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid4().hex})
        found = self._consumer.list_topics("findings.v1", timeout=10).topics["findings.v1"].partitions
        self._starts = [
            TopicPartition("findings.v1", n, self._end(TopicPartition("findings.v1", n))) for n in sorted(found)
        ]

    def of(self, camera_id: str) -> list[Finding]:
        """Those of a camera so far: all that were delivered when this was called."""
        self._consumer.assign(self._starts)
        left = sum(self._end(part) - part.offset for part in self._starts)
        found: list[Finding] = []
        for _ in range(left):
            record = self._consumer.poll(10)
            assert record is not None
            message = decode("findings.v1", record.value() or b"")
            assert isinstance(message, Finding)
            found += [message] if message.camera_id == camera_id else []
        return found

    def close(self) -> None:
        self._consumer.close()

    def _end(self, part: TopicPartition) -> int:
        return int(self._consumer.get_watermark_offsets(part, timeout=10)[1])


class Scene:
    """A camera, an index and a ledger on the test's database; the clock is the test's."""

    def __init__(
        self, database: Any, settings: StorageSettings, camera_id: str, make: Callable[..., Recording]
    ) -> None:
        self.database, self.camera_id = database, camera_id
        self._make = make
        self.clock = ManualClock(NOON + 30 * MINUTE)
        self.publisher = Publisher.from_settings(settings, "test-ledger")
        pool = connect_pool(database.dsn, application="test-ledger")
        store = S3ObjectStore.from_settings(settings)
        self.parts = Parts(settings, Running(), self.clock, store, self.publisher, pool, database.dsn)
        self._indexer = Indexer(PostgresIndex(pool, database.dsn), self.clock, days_ahead=1)
        self._offset = 0
        self.ledger = Ledger(self.parts, History(self.parts))

    def say(self, *messages: Camera | CameraStatus) -> None:
        for one in messages:
            self.publisher.publish("cameras.v1" if isinstance(one, Camera) else "camera-status.v1", one)
        self.publisher.flush()

    def record(self, start: int, end: int, *, epoch: int = 7, gap: Gap | None = None) -> Recording:
        """Index a recording of so long; its bytes are nobody's matter here."""
        one = self._make(self.camera_id, start=start, epoch=epoch, gap_before=gap)
        first = replace(one.fragments[0], duration=end - start - 1_000_000)
        second = replace(one.fragments[1], start=end - 1_000_000)
        one = replace(one, end=end, fragments=[first, second])
        self._offset += 1
        self._indexer.handle([Received(one, "recordings.v1", 0, self._offset, self.camera_id, 0)])
        return one

    def figures(self, day: int = DAY) -> tuple[float, ...]:
        query = """
            select owed_seconds, recorded_seconds, explained_seconds, unexplained_seconds from storage.ledger_v1
            where camera_id = %s and day = date '1970-01-01' + %s
        """
        rows = self.database.rows(query, self.camera_id, day)
        return tuple(float(value) for value in rows[0]) if rows else ()

    def gaps(self, owed: bool = True) -> list[tuple[int, int, str]]:
        """Of the camera, after noon in seconds."""
        query = "select start_us, end_us, cause from storage.gaps_v1 where camera_id = %s and owed = %s order by 1"
        rows = self.database.rows(query, self.camera_id, owed)
        return [((start - NOON) // SECOND, (end - NOON) // SECOND, cause) for start, end, cause in rows]

    def close(self) -> None:
        self.parts.pool.close()


@pytest.fixture
def findings(kafka_bootstrap: str) -> Iterator[Findings]:
    made = Findings(kafka_bootstrap)
    yield made
    made.close()


@pytest.fixture
def scene(  # noqa: PLR0917  # what a ledger stands on
    environment: dict[str, str],
    database: Any,
    camera_id: str,
    make_recording: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
    kafka_bootstrap: str,
) -> Iterator[Scene]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    migrate(database.dsn, SCHEMA, MIGRATIONS)
    made = Scene(database, StorageSettings.load(), camera_id, make_recording)
    _skip_what_others_said(database, kafka_bootstrap)
    made.say(camera(camera_id, NOON))
    yield made
    made.close()


def _skip_what_others_said(database: Any, bootstrap: str) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid4().hex})
    for topic in ("cameras.v1", "camera-status.v1"):
        for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            database.rows("insert into storage.ledger_offsets values (%s, %s, %s) returning 1", topic, number, end)
    consumer.close()


@pytest.fixture
def desk(
    environment: dict[str, str], postgres_dsns: Mapping[str, str], camera_id: str, tmp_path: Path
) -> Iterator[ManagedProcess]:
    """The desk as it is run, in a group of its own."""
    own = {
        "PATH": os.environ["PATH"],
        "VANTAGE_POSTGRES_DSN": postgres_dsns["alerts"],
        "VANTAGE_REPLICA": camera_id,
        "VANTAGE_ALERTS_DESK_GROUP": camera_id.replace(".", "-"),
    }
    argv: list[str | Path] = [Path(sys.executable).with_name("vantage-alerts"), "desk"]
    made = ManagedProcess("desk", argv, log=tmp_path / "desk.log", environment=environment | own, folder=tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def alerts(kafka_bootstrap: str) -> Iterator[Callable[[str], list[str]]]:
    """What alerts.v1 says of a camera, from where it ended when the test began."""
    consumer = Consumer({"bootstrap.servers": kafka_bootstrap, "group.id": uuid4().hex})
    end = consumer.get_watermark_offsets(TopicPartition("alerts.v1", 0), timeout=10)[1]
    consumer.assign([TopicPartition("alerts.v1", 0, end)])
    found: list[AlertEvent] = []

    def changes(camera_id: str) -> list[str]:
        for record in consumer.consume(100, timeout=0.1):
            message = decode("alerts.v1", record.value() or b"")
            assert isinstance(message, AlertEvent)
            found.append(message)
        return [one.change for one in found if one.camera_id == camera_id]

    yield changes
    consumer.close()


def _until(condition: Callable[[], bool], process: ManagedProcess) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert process.running, process.log.read_text()
        assert time.monotonic() < end, process.log.read_text()


class TestFigures:
    def test_what_is_recorded_is_owed_and_there(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 29 * MINUTE)
        scene.ledger.work()
        assert scene.figures() == (1740, 1740, 0, 0)
        assert scene.gaps() == []

    def test_each_gap_has_its_cause_and_the_sum_is_exact(self, scene: Scene) -> None:
        stalled = Gap(start=NOON + 60 * SECOND, end=NOON + 68 * SECOND, cause="stream-stalled")
        scene.record(NOON, NOON + 60 * SECOND)
        scene.record(NOON + 68 * SECOND, NOON + 100 * SECOND, gap=stalled)
        scene.record(NOON + 110 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        assert scene.figures() == (1740, 1722, 8, 10)
        assert scene.gaps() == [(60, 68, "stream-stalled"), (100, 110, "unexplained")]

    def test_where_the_camera_moved_the_hole_takes_the_moves_cause(self, scene: Scene) -> None:
        at = NOON + 300 * SECOND
        scene.record(
            NOON + 20 * SECOND,
            NOON + 290 * SECOND,
            gap=Gap(start=NOON + 20 * SECOND, end=NOON + 20 * SECOND, cause="first-recording"),
        )
        scene.record(at, NOON + 29 * MINUTE, epoch=8, gap=Gap(start=at, end=at, cause="handover"))
        scene.ledger.work()
        assert scene.gaps() == [(0, 20, "first-recording"), (290, 300, "handover")]

    def test_two_epochs_of_one_time_are_counted_once(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 20 * MINUTE)
        scene.record(NOON + 10 * MINUTE, NOON + 29 * MINUTE, epoch=8)
        scene.ledger.work()
        assert scene.figures()[:2] == (1740, 1740)

    def test_a_recording_over_midnight_is_of_both_days(self, scene: Scene) -> None:
        midnight = (DAY + 1) * DAY_US
        scene.record(midnight - 20 * SECOND, midnight + 40 * SECOND)
        scene.clock.advance(DAY_US / 2 / SECOND)
        scene.ledger.work()
        assert [scene.figures(day)[1] for day in (DAY, DAY + 1)] == [20, 40]

    def test_what_is_young_is_pending(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 25 * MINUTE)
        scene.record(NOON + 26 * MINUTE, NOON + 30 * MINUTE)
        scene.ledger.work()
        assert scene.figures() == (29 * 60, 29 * 60, 0, 0)
        pending = "select pending_seconds from storage.ledger_v1 where camera_id = %s"
        assert scene.database.rows(pending, scene.camera_id) == [(60,)]
        scene.record(NOON + 30 * MINUTE, NOON + 40 * MINUTE)
        scene.clock.advance(600)
        scene.ledger.work()
        assert scene.gaps() == [(1500, 1560, "unexplained")]


class TestStatus:
    def test_a_camera_that_is_away_has_its_cause_today(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 60 * SECOND)
        scene.say(
            status(scene.camera_id, "online", NOON, NOON + 60 * SECOND),
            status(scene.camera_id, "offline", NOON + 60 * SECOND, NOON + 29 * MINUTE, "no route to it"),
        )
        scene.clock.advance(3600)
        scene.say(status(scene.camera_id, "offline", NOON + 60 * SECOND, NOON + 90 * MINUTE, "no route to it"))
        scene.ledger.work()
        assert {cause for *_, cause in scene.gaps()} == {"camera-unreachable"}
        assert scene.figures()[3] == 0


class TestStates:
    def test_paused_and_removed_cameras_owe_nothing(self, scene: Scene) -> None:
        scene.say(camera(scene.camera_id, NOON + 60 * SECOND, state="paused", revision=2))
        scene.record(NOON, NOON + 60 * SECOND)
        scene.ledger.work()
        assert scene.figures() == (60, 60, 0, 0)
        assert "maintenance" in {cause for *_, cause in scene.gaps(owed=False)}

    def test_a_camera_that_left_the_log_is_retired(self, scene: Scene) -> None:
        scene.ledger.work()
        scene.publisher.publish_raw("cameras.v1", scene.camera_id.encode(), None, [])
        scene.publisher.flush()
        scene.ledger.work()
        states = "select state from storage.camera_states where camera_id = %s order by changed_us"
        assert scene.database.rows(states, scene.camera_id) == [("recording",), ("retired",)]


class TestAlert:
    def test_a_hole_without_a_cause_is_told_once_and_its_end_as_well(self, scene: Scene, findings: Findings) -> None:
        scene.record(NOON, NOON + 100 * SECOND)
        scene.record(NOON + 110 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        scene.ledger.work()
        (found,) = findings.of(scene.camera_id)
        assert (found.rule_id, found.state, found.step, found.peak) == ("ledger-unexplained", "opened", 1, 10)
        assert found.window_start == NOON + 100 * SECOND
        scene.record(NOON + 100 * SECOND, NOON + 110 * SECOND)
        scene.ledger.work()
        assert [one.state for one in findings.of(scene.camera_id)] == ["opened", "closed"]
        assert scene.figures()[2:] == (0, 0)

    def test_a_step_that_may_not_be_delivered_is_told_again_under_its_id(
        self, scene: Scene, findings: Findings
    ) -> None:
        scene.record(NOON, NOON + 100 * SECOND)
        scene.record(NOON + 110 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        scene.database.execute("update storage.ledger_alerts set told = 0")
        scene.ledger.work()
        assert len({one.finding_id for one in findings.of(scene.camera_id)}) == 1
        assert len(findings.of(scene.camera_id)) == 2

    def test_while_nothing_arrives_at_all_no_camera_is_blamed(self, scene: Scene, findings: Findings) -> None:
        scene.record(NOON, NOON + 29 * MINUTE)
        scene.clock.advance(50 * 60)
        scene.ledger.work()
        assert scene.figures() == (1740, 1740, 0, 0)
        scene.clock.advance(50 * 60)
        scene.ledger.work()
        assert scene.figures()[3] > 0
        assert len(findings.of(scene.camera_id)) == 1


class TestControlRoom:
    def test_the_desk_raises_an_alert_of_it_and_ends_it(
        self, scene: Scene, desk: ManagedProcess, alerts: Callable[[str], list[str]]
    ) -> None:
        scene.record(NOON, NOON + 100 * SECOND)
        scene.record(NOON + 110 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        _until(lambda: alerts(scene.camera_id) == ["raised"], desk)
        scene.record(NOON + 100 * SECOND, NOON + 110 * SECOND)
        scene.ledger.work()
        _until(lambda: alerts(scene.camera_id) == ["raised", "ended"], desk)


class TestWhatIsGone:
    def test_the_ledger_itself_is_forgotten_when_nobody_will_ask_for_it(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 100 * SECOND)
        scene.record(NOON + 110 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        scene.clock.advance(402 * 86_400)
        scene.ledger.work()
        assert scene.figures() == ()
        assert scene.database.rows("select * from storage.ledger_recorded") == []
        left = "select min(start_us) from storage.gaps where camera_id = %s"
        assert scene.database.rows(left, scene.camera_id)[0][0] > NOON
        states = "select state from storage.camera_states where camera_id = %s"
        assert scene.database.rows(states, scene.camera_id) == [("recording",)]

    def test_erased_rows_stay_recorded_and_the_readers_are_told_why(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 29 * MINUTE)
        scene.ledger.work()
        scene.database.rows("delete from storage.recordings where camera_id = %s returning 1", scene.camera_id)
        scene.clock.advance(40 * 86_400)
        scene.ledger.work()
        assert scene.figures()[1] == 1740
        assert (0, 1740, "retention") in scene.gaps(owed=False)

    def test_what_was_destroyed_by_order_says_so(self, scene: Scene) -> None:
        placed = """
            insert into storage.destructions (destruction_id, decision_id, camera_id, from_us, to_us, requester,
                                              approver, reason, placed_us, done_us, answer)
            values ('d', 'd', %s, %s, %s, 'a', 'b', 'the court said so', 1, 2, '{}') returning 1
        """
        scene.database.rows(placed, scene.camera_id, NOON, NOON + MINUTE)
        assert (0, 60, "deleted-by-order") in scene.gaps(owed=False)


class TestReaders:
    def test_they_read_the_views_and_no_table(self, scene: Scene, database: Any, postgres_dsns: Any) -> None:
        with psycopg.connect(make_conninfo(postgres_dsns["api"], dbname=database.name)) as connection:
            connection.execute("select count(*) from storage.gaps_v1, storage.ledger_v1")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select count(*) from storage.gaps")


class TestReplay:
    def test_counting_again_writes_no_gap_again(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 100 * SECOND)
        scene.record(NOON + 110 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        written = "select xmin::text, start_us from storage.gaps"
        before = scene.database.rows(written)
        scene.ledger.work()
        assert scene.database.rows(written) == before

    def test_a_late_spool_changes_a_day_long_past(self, scene: Scene) -> None:
        scene.record(NOON, NOON + 100 * SECOND)
        scene.clock.advance(5 * 86_400)
        scene.ledger.work()
        scene.record(NOON + 100 * SECOND, NOON + 29 * MINUTE)
        scene.ledger.work()
        assert scene.figures()[1] == 1740
        assert scene.database.rows("select count(*) from storage.ledger_changes") == [(0,)]
        assert day_of(scene.clock.now_us()) == DAY + 5
