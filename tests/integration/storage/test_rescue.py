"""The rescue on real Kafka, object store and PostgreSQL: what a node died with comes back from `live`, once."""

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import av
import numpy as np
import pytest
from confluent_kafka import Consumer, TopicPartition

from vantage.clock import ManualClock
from vantage.contracts import Camera, CameraStatus, Fragment, Recording
from vantage.contracts.base import Clock, Picture, Place
from vantage.contracts.camera import Authority, Source
from vantage.contracts.fragment import Frame
from vantage.contracts.recording import FragmentRange
from vantage.fragment_digests import trailer, trailer_length
from vantage.ids import fragment_id, recording_id
from vantage.objects import S3ObjectStore
from vantage.postgres import connect_pool
from vantage.publish import Publisher
from vantage.service import Running
from vantage_storage.history import History
from vantage_storage.parts import Parts
from vantage_storage.rescue import Rescue
from vantage_storage.settings import StorageSettings

SECOND = 1_000_000
MINUTE = 60 * SECOND
RATE = 5
COUNT = 12
LIMIT_S = 60.0
ROWS = "select recording_id, epoch, start_us, end_us, object, sha256, gap_before from storage.recordings_v1 order by 3"


def movie(seconds: int) -> list[bytes]:
    """A film as CMAF: its initialisation segment, then a moof and mdat a second."""
    buffer = io.BytesIO()
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(buffer, "w", format="mp4", options=flags) as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.options = {"g": str(RATE), "keyint_min": str(RATE), "sc_threshold": "0", "bf": "0"}
        for number in range(seconds * RATE):
            picture = np.full((64, 64, 3), number % 256, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return _segments(buffer.getvalue())


def _segments(data: bytes) -> list[bytes]:
    found, at = [b""], 0
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"mfra":
            break
        if kind == b"moof":
            found.append(b"")
        found[-1] += data[at : at + length]
        at += length
    return found


class Node:
    """A replica of ingest that put its fragments into `live` and was never heard of again."""

    def __init__(self, camera_id: str, publisher: Publisher, store: S3ObjectStore) -> None:
        self.camera_id, self._publisher, self._store = camera_id, publisher, store
        self.now = time.time_ns() // 1000
        self.start = self.now // MINUTE * MINUTE - 50 * SECOND
        self.epoch = self.start // 1000 - 1000
        self.init, *self.parts = movie(COUNT)
        self.fragments = [self._fragment(number) for number in range(COUNT)]
        store.ensure_bucket("live")
        store.ensure_bucket("footage")

    def show(self, without: Sequence[int] = ()) -> None:
        """Pack all, three fragments a pack, and announce them but for some."""
        for first in range(0, COUNT, 3):
            pack = b"".join(self.init + self.parts[number] for number in range(first, first + 3))
            self._store.put("live", self.fragments[first].pack, pack)
        self.say("fragments.v1", *(one for one in self.fragments if one.sequence not in without))

    def say(self, topic: str, *messages: Any) -> None:
        for one in messages:
            self._publisher.publish(topic, one)
        self._publisher.flush()

    def registered(self) -> None:
        self.say(
            "cameras.v1",
            Camera(
                camera_id=self.camera_id,
                cell_id="hk1",
                revision=1,
                state="recording",
                name="A corner",
                source=Source(url="rtsp://10.20.0.17:554/one"),
                place=Place(latitude=22.2, longitude=114.1),
                authority=Authority(reference="SIP-1", expires_at=1 << 52),
                changed_at=self.start,
                retention_class="long",
            ),
        )

    def heard(self, epoch: int, at: int) -> None:
        """A status of that ownership."""
        told = CameraStatus(
            camera_id=self.camera_id, state="online", since=at, observed_at=at, source="ingest", epoch=epoch
        )
        self.say("camera-status.v1", told)

    def recorded(self, numbers: Sequence[int]) -> Recording:
        """What the node's spool would have announced of these."""
        offset, ranges = len(self.init), []
        for number in numbers:
            one = self.fragments[number]
            ranges.append(FragmentRange(one.start, one.duration, offset, len(self.parts[number]), one.sha256))
            offset += len(self.parts[number])
        first, last = ranges[0], ranges[-1]
        return Recording(
            recording_id=recording_id(self.camera_id, first.start, self.epoch),
            camera_id=self.camera_id,
            epoch=self.epoch,
            start=first.start,
            end=last.start + last.duration,
            clock=Clock(quality="ntp"),
            picture=self.fragments[0].picture,
            bucket="footage",
            object=f"hk1/none/20260101/{uuid4().hex}.mp4",
            size=offset + trailer_length(len(ranges)),
            sha256="ab" * 32,
            init_length=len(self.init),
            fragments=ranges,
        )

    def content(self, numbers: Sequence[int]) -> bytes:
        """The bytes of the recording that holds these."""
        body = b"".join(self.parts[number] for number in numbers)
        return self.init + body + trailer(self.fragments[number].sha256 for number in numbers)

    def _fragment(self, number: int) -> Fragment:
        first, start = number - number % 3, self.start + number * SECOND
        sizes = [len(self.init) + len(self.parts[at]) for at in range(first, number + 1)]
        return Fragment(
            fragment_id=fragment_id(self.camera_id, self.epoch, start),
            camera_id=self.camera_id,
            epoch=self.epoch,
            sequence=number,
            start=start,
            duration=SECOND,
            clock=Clock(quality="ntp"),
            picture=Picture(codec="avc1.64000A", width=64, height=64),
            bucket="live",
            pack=f"hk1/0/20260101/0000/{self.camera_id}-{first}.pack",
            offset=sum(sizes[:-1]),
            length=sizes[-1],
            init_length=len(self.init),
            sha256=hashlib.sha256(self.parts[number]).hexdigest(),
            frames=[Frame(0, 100, keyframe=True)],
        )


def place(database: Any, bootstrap: str) -> None:
    """What others have said of their cameras is none of this test's matter."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid4().hex})
    for topic in ("cameras.v1", "camera-status.v1"):
        for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            database.rows("insert into storage.ledger_offsets values (%s, %s, %s) returning 1", topic, number, end)
    consumer.close()


@pytest.fixture
def node(camera_id: str, database: Any, event_log: Any, kafka_bootstrap: str, object_store: S3ObjectStore) -> Node:
    database.begin_at(event_log.starts)
    place(database, kafka_bootstrap)
    made = Node(camera_id, event_log.publisher, object_store)
    made.registered()
    made.heard(made.epoch, made.start + 12 * SECOND)
    return made


@pytest.fixture
def lost(node: Node) -> Node:
    """A node that died: its camera is another's now."""
    node.show()
    node.heard(node.epoch + 60_000, node.start + 40 * SECOND)
    return node


def eventually(condition: Callable[[], bool], process: Any) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert process.running, process.log.read_text()
        assert time.monotonic() < end, process.log.read_text()
        time.sleep(0.05)


def indexed(crash: Any, database: Any, count: int) -> list[tuple[Any, ...]]:
    """The index's rows, when it has read all that was announced."""
    process = crash.serve()
    eventually(lambda: len(database.rows(ROWS)) >= count, process)
    process.stop()
    return list(database.rows(ROWS))


def later(node: Node) -> int:
    return node.now + 5 * MINUTE


class TestRebuilt:
    def test_what_was_shown_and_never_recorded_is_in_the_index_byte_for_byte_and_plays(
        self, crash: Any, database: Any, lost: Node, object_store: S3ObjectStore
    ) -> None:
        crash.round("rescue", now_us=later(lost))
        ((identity, epoch, start, end, key, digest, gap),) = indexed(crash, database, 1)
        assert (identity, epoch) == (recording_id(lost.camera_id, lost.start, lost.epoch + 1), lost.epoch + 1)
        assert (start, end, gap) == (lost.start, lost.start + COUNT * SECOND, None)
        found = object_store.get("footage", key)
        assert found == lost.content(range(COUNT))
        assert hashlib.sha256(found).hexdigest() == digest
        with av.open(io.BytesIO(found), "r") as container:
            assert len([1 for _ in container.decode(video=0)]) == COUNT * RATE
        kept = database.rows("select retention_class, fragments from storage.recordings_v1")[0]
        assert kept[0] == "long"
        assert len(kept[1]) == COUNT

    def test_the_ledger_has_it_recorded_and_lets_go_of_the_outbox(self, crash: Any, database: Any, lost: Node) -> None:
        crash.round("rescue", now_us=later(lost))
        indexed(crash, database, 1)
        crash.round("rescue", "ledger", now_us=later(lost))
        query = "select sum(recorded_seconds) from storage.ledger_v1 where camera_id = %s"
        assert database.rows(query, lost.camera_id) == [(COUNT,)]
        assert database.rows("select * from storage.rescues") == []

    def test_only_what_no_recording_has_is_rebuilt(
        self, crash: Any, database: Any, lost: Node, event_log: Any, object_store: S3ObjectStore
    ) -> None:
        event_log.publish([lost.recorded(range(7))])
        indexed(crash, database, 1)
        crash.round("rescue", now_us=later(lost))
        rows = indexed(crash, database, 2)
        assert [row[1:4] for row in rows] == [
            (lost.epoch, lost.start, lost.start + 7 * SECOND),
            (lost.epoch + 1, lost.start + 7 * SECOND, lost.start + COUNT * SECOND),
        ]
        assert rows[1][6] is None
        assert object_store.get("footage", rows[1][4]) == lost.content(range(7, COUNT))

    def test_a_node_that_comes_back_after_all_has_its_own_rows_and_counts_once(
        self, crash: Any, database: Any, lost: Node, event_log: Any
    ) -> None:
        crash.round("rescue", now_us=later(lost))
        event_log.publish([lost.recorded(range(COUNT))])
        assert {row[1] for row in indexed(crash, database, 2)} == {lost.epoch, lost.epoch + 1}
        crash.round("ledger", now_us=later(lost))
        query = "select sum(recorded_seconds) from storage.ledger_v1 where camera_id = %s"
        assert database.rows(query, lost.camera_id) == [(COUNT,)]


class TestLost:
    def test_what_live_has_no_more_is_lost_with_its_node(
        self, crash: Any, database: Any, lost: Node, object_store: S3ObjectStore
    ) -> None:
        object_store.delete("live", lost.fragments[3].pack)
        crash.round("rescue", now_us=later(lost))
        rows = indexed(crash, database, 2)
        gone = lost.start + 3 * SECOND, lost.start + 6 * SECOND
        assert [row[2:4] for row in rows] == [(lost.start, gone[0]), (gone[1], lost.start + COUNT * SECOND)]
        assert (rows[1][6]["start"], rows[1][6]["end"], rows[1][6]["cause"]) == (*gone, "lost-with-node")
        self._is_the_gap(crash, database, lost, gone)

    def test_bytes_that_are_not_those_announced_are_lost(
        self, crash: Any, database: Any, lost: Node, object_store: S3ObjectStore
    ) -> None:
        pack = bytearray(object_store.get("live", lost.fragments[9].pack))
        pack[-1] ^= 1
        object_store.put("live", lost.fragments[9].pack, bytes(pack))
        crash.round("rescue", now_us=later(lost))
        assert [row[3] for row in indexed(crash, database, 1)] == [lost.start + 11 * SECOND]
        self._is_the_gap(crash, database, lost, (lost.start + 11 * SECOND, lost.start + 12 * SECOND))

    def test_what_was_shed_before_it_was_shown_is_lost_as_well(self, crash: Any, database: Any, node: Node) -> None:
        node.show(without=(6, 7))
        node.heard(node.epoch + 60_000, node.start + 40 * SECOND)
        crash.round("rescue", now_us=later(node))
        rows = indexed(crash, database, 2)
        assert sum(row[3] - row[2] for row in rows) == (COUNT - 2) * SECOND
        self._is_the_gap(crash, database, node, (node.start + 6 * SECOND, node.start + 8 * SECOND))

    @staticmethod
    def _is_the_gap(crash: Any, database: Any, node: Node, gone: tuple[int, int]) -> None:
        crash.round("ledger", now_us=node.now + 90 * MINUTE)
        query = "select start_us, end_us from storage.gaps_v1 where camera_id = %s and cause = 'lost-with-node'"
        assert database.rows(query, node.camera_id) == [gone]


class TestWhatIsLeftAlone:
    def test_nothing_is_rebuilt_while_the_owner_lives(self, crash: Any, database: Any, node: Node) -> None:
        node.show()
        node.heard(node.epoch, later(node) - SECOND)
        crash.round("rescue", now_us=later(node), rounds=2)
        assert database.rows("select * from storage.rescues") == []
        assert database.rows("select * from storage.ledger_causes where kind = 'lost'") == []

    def test_what_was_destroyed_by_order_does_not_come_back(self, crash: Any, database: Any, lost: Node) -> None:
        placed = """
            insert into storage.destructions (destruction_id, decision_id, camera_id, from_us, to_us, requester,
                                              approver, reason, placed_us, done_us, answer)
            values ('d', 'd', %s, %s, %s, 'a', 'b', 'the court said so', 1, 2, '{}') returning 1
        """
        database.rows(placed, lost.camera_id, lost.start, lost.start + 6 * SECOND)
        crash.round("rescue", now_us=later(lost))
        assert [row[2] for row in indexed(crash, database, 1)] == [lost.start + 6 * SECOND]

    def test_what_is_younger_than_the_grace_waits(self, crash: Any, database: Any, lost: Node) -> None:
        crash.round("rescue", now_us=lost.start + 4 * MINUTE + 10 * SECOND)
        assert database.rows("select * from storage.rescues") == []


@pytest.fixture
def here(
    environment: dict[str, str], database: Any, node: Node, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Rescue, ManualClock]]:
    """The rescue in this process, which remembers from round to round, with a clock of the test's."""
    for name, value in {**environment, **s3.environment()}.items():
        monkeypatch.setenv(name, value)
    settings, clock = StorageSettings.load(), ManualClock(later(node))
    publisher = Publisher.from_settings(settings, "test-rescue")
    with connect_pool(database.dsn, application="test-rescue") as pool:
        parts = Parts(settings, Running(), clock, s3.open(), publisher, pool, database.dsn)
        yield Rescue(parts, History(parts)), clock


class TestSilence:
    def test_an_owner_that_is_silent_while_we_listen_is_gone(
        self, database: Any, node: Node, here: tuple[Rescue, ManualClock]
    ) -> None:
        rescue, clock = here
        node.show()
        rescue.work()
        assert database.rows("select * from storage.rescues") == []
        clock.advance(241)
        rescue.work()
        assert database.rows("select start_us from storage.rescues") == [(node.start,)]

    def test_what_was_looked_at_is_not_read_again(
        self, database: Any, lost: Node, here: tuple[Rescue, ManualClock]
    ) -> None:
        rescue, clock = here
        assert clock.now_us() == later(lost)
        rescue.work()
        database.execute("truncate storage.rescues")
        rescue.work()
        assert database.rows("select * from storage.rescues") == []


class TestKilled:
    @pytest.mark.parametrize(
        "point",
        [
            {"after": "store.put", "containing": "footage"},
            {"before": "database.commit", "containing": "into storage.rescues"},
            {"after": "database.commit", "containing": "into storage.rescues"},
            {"after": "publisher.publish", "containing": "recordings.v1"},
            {"after": "publisher.flush"},
        ],
        ids=lambda point: "-".join(point.values()).replace(" ", "-"),
    )
    def test_it_is_written_once_wherever_it_was_killed(
        self, crash: Any, database: Any, lost: Node, object_store: S3ObjectStore, point: dict[str, str]
    ) -> None:
        crash.round("rescue", now_us=later(lost), **point)
        crash.round("rescue", now_us=later(lost))
        ((_, _, start, end, key, _, _),) = indexed(crash, database, 1)
        crash.round("rescue", now_us=later(lost))
        assert (start, end) == (lost.start, lost.start + COUNT * SECOND)
        assert object_store.get("footage", key) == lost.content(range(COUNT))
        cell, _, name = lost.camera_id.partition(".")
        assert [one.key for one in object_store.list("footage", f"{cell}/{name}/")] == [key]
        assert len(database.rows("table storage.recordings")) == 1
