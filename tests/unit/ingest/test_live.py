"""Live video: packed by partition, in order, fresh; what waits is bounded, and the oldest goes first."""

import hashlib
import threading
from collections.abc import Iterable
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from vantage.contracts import Fragment, Message
from vantage.contracts.base import Origin, StreamName
from vantage.contracts.status import Shed
from vantage.errors import BrokerUnavailable, StoreRefused
from vantage.health import Readiness
from vantage.testing import ManualClock, MemoryObjectStore
from vantage_ingest.buckets import Buckets
from vantage_ingest.domain.pack import LiveFragment, expired_before, lay_out, pack_key
from vantage_ingest.live import LiveSender
from vantage_ingest.live_dropped import LiveDropped
from vantage_ingest.live_queue import LiveQueue
from vantage_ingest.sweeper import Sweeper

from .conftest import NOW_US, cut

CELL = "hk1"


def live(
    number: int, partition: int = 0, camera: str = "hk1.a", at_us: int = NOW_US, stream: StreamName = "main"
) -> LiveFragment:
    return LiveFragment(camera, partition, cut(number, init=b"init-%d" % number), at_us, stream)


def dropped(reason: str) -> float:
    return REGISTRY.get_sample_value("vantage_ingest_live_dropped_total", {"reason": reason, "stream": "main"}) or 0.0


class Log:
    """What was announced; it can be away."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.away = False

    def publish(self, topic: str, message: Message) -> None:
        assert topic == "fragments.v1"
        self.messages.append(message)

    def flush(self) -> None:
        if self.away:
            self.messages.clear()
            msg = "away"
            raise BrokerUnavailable(msg)

    def fragments(self) -> list[Fragment]:
        return [message for message in self.messages if isinstance(message, Fragment)]


class Desk:
    """A sender with a store and a log in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW_US)
        self.store = MemoryObjectStore()
        self.log = Log()
        self.queue = LiveQueue(10_000, 10_000_000)
        buckets = Buckets(self.store, Readiness())
        self.sender = LiveSender(self.queue, self.store, buckets, self.log, self.clock, cell_id=CELL, threads=2)

    def tick(self) -> None:
        """One tick, until all that it began has ended."""
        self.sender.tick()
        self.sender._pool.submit(lambda: None).result()
        idle = threading.Barrier(2)
        self.sender._pool.submit(idle.wait)
        idle.wait(10)
        while self.sender._busy:
            self.sender._pool.submit(lambda: None).result()

    def offer(self, fragments: Iterable[LiveFragment]) -> None:
        for one in fragments:
            self.queue.offer(one)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_pack_holds_each_fragment_behind_its_own_initialisation_segment() -> None:
    fragments = [live(0), live(1, camera="hk1.b")]
    data, announced = lay_out("k", fragments)
    for one, said in zip(fragments, announced, strict=True):
        piece = data[said.offset : said.offset + said.length]
        assert piece == one.cut.init + one.cut.data
        assert piece[: said.init_length] == one.cut.init
        assert hashlib.sha256(piece[said.init_length :]).hexdigest() == said.sha256
    assert sum(said.length for said in announced) == len(data)


def test_a_fragments_id_is_the_same_whenever_it_is_made() -> None:
    assert lay_out("a", [live(0)])[1][0].fragment_id == lay_out("b", [live(1), live(0)])[1][1].fragment_id


def test_a_tick_makes_one_object_a_partition(desk: Desk) -> None:
    desk.offer([live(0, 0), live(0, 1, "hk1.b"), live(0, 0, "hk1.c"), live(1, 1, "hk1.b")])
    desk.tick()
    packs = [found.key for found in desk.store.list("live")]
    assert [key.split("/")[:2] for key in packs] == [[CELL, "0"], [CELL, "1"]]
    assert [said.sequence for said in desk.log.fragments() if said.camera_id == "hk1.b"] == [0, 1]
    for said in desk.log.fragments():
        assert desk.store.get(said.bucket, said.pack, said.offset, said.length)


def test_no_key_comes_twice_even_where_the_clock_stands(desk: Desk) -> None:
    for number in range(3):
        desk.offer([live(number)])
        desk.tick()
    assert len(list(desk.store.list("live"))) == 3


def test_while_the_store_is_away_fragments_wait_and_the_old_are_dropped(desk: Desk) -> None:
    desk.store.away = True
    desk.offer([live(0)])
    desk.tick()
    assert not desk.log.messages
    before = dropped("old")
    desk.clock.advance(11)
    desk.offer([live(1, at_us=desk.clock.now_us())])
    desk.store.away = False
    desk.tick()
    assert [said.sequence for said in desk.log.fragments()] == [1]
    assert dropped("old") == before + 1


def test_what_the_store_did_not_take_is_sent_again_before_what_came_later(desk: Desk) -> None:
    desk.store.away = True
    desk.offer([live(0)])
    desk.tick()
    desk.store.away = False
    desk.clock.advance(2)
    desk.offer([live(1)])
    desk.tick()
    assert [said.sequence for said in desk.log.fragments()] == [0, 1]


def test_the_oldest_of_all_partitions_goes_where_there_is_no_room() -> None:
    size = live(0).size
    queue = LiveQueue(3 * size, 10_000_000)
    before = dropped("full")
    for number in range(5):
        queue.offer(live(number, number % 2, at_us=NOW_US + number))
    taken = queue.take(set(), NOW_US)
    assert sorted(one.cut.sequence for fragments in taken.values() for one in fragments) == [2, 3, 4]
    assert dropped("full") == before + 2
    assert not queue.take(set(), NOW_US)


def test_smaller_streams_go_before_main_ones_where_there_is_no_room() -> None:
    size = live(0).size
    dropped_ = LiveDropped()
    queue = LiveQueue(3 * size, 10_000_000, dropped_)
    for number in range(3):
        queue.offer(live(number, number % 2, at_us=NOW_US + number))
    queue.offer(live(3, 0, "hk1.b", at_us=NOW_US + 3, stream="sub"))
    assert queue.filled == 1.0
    queue.offer(live(4, 1, "hk1.b", at_us=NOW_US + 4, stream="sub"))
    queue.offer(live(5, 1, at_us=NOW_US + 5))
    taken = queue.take(set(), NOW_US)
    assert sorted(one.cut.sequence for fragments in taken.values() for one in fragments) == [1, 2, 5]
    assert dropped_.of("hk1.b") == Shed(sub=2)
    assert dropped_.of("hk1.a") == Shed(main=1)
    assert queue.filled == 0.0


def test_a_pack_says_of_each_fragment_its_stream_and_who_coded_it() -> None:
    own = LiveFragment("hk1.a", 0, cut(0), NOW_US, "sub", Origin(coder="vantage", masks=["window"]))
    _, (sub, main) = lay_out("k", [own, live(0)])
    assert (sub.stream, sub.origin) == ("sub", own.origin)
    assert (main.stream, main.origin) == ("main", Origin())
    assert sub.fragment_id != main.fragment_id


def test_two_workers_never_write_the_same_key() -> None:
    assert pack_key(CELL, 3, NOW_US, 7, "0") != pack_key(CELL, 3, NOW_US, 7, "ffmpeg-0")


def test_a_partition_that_is_busy_is_left_for_later() -> None:
    queue = LiveQueue(10_000, 10_000_000)
    queue.offer(live(0, 0))
    queue.offer(live(0, 1))
    assert set(queue.take({0}, NOW_US)) == {1}
    assert set(queue.take(set(), NOW_US)) == {0}


def test_what_cannot_be_announced_is_counted_and_given_up(desk: Desk) -> None:
    before = dropped("unannounced")
    desk.log.away = True
    desk.offer([live(0)])
    desk.tick()
    desk.log.away = False
    desk.offer([live(1)])
    desk.tick()
    assert [said.sequence for said in desk.log.fragments()] == [1]
    assert dropped("unannounced") == before + 1


def test_a_store_that_refuses_is_counted_and_stops_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, sha256: str) -> None:
        msg = "AccessDenied"
        raise StoreRefused(msg)

    before = dropped("refused")
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "put", refuse)
        desk.offer([live(0)])
        desk.tick()
    desk.offer([live(1)])
    desk.tick()
    assert [said.sequence for said in desk.log.fragments()] == [1]
    assert dropped("refused") == before + 1


def test_the_sweep_deletes_what_is_past_its_time_in_its_partitions_alone() -> None:
    store, clock, keep = MemoryObjectStore(), ManualClock(NOW_US), timedelta(minutes=15)
    store.ensure_bucket("live")
    ages = (0, 14, 16, 60, 60 * 24)
    for partition in (0, 1, 10):
        for minutes in ages:
            store.put("live", pack_key(CELL, partition, NOW_US - minutes * 60_000_000, 7, "0"), b"x")
    assert Sweeper(store, clock, CELL, keep).sweep([0, 1]) == 6
    left = [found.key for found in store.list("live")]
    assert [key for key in left if key.startswith("hk1/0/")] == [
        pack_key(CELL, 0, NOW_US - minutes * 60_000_000, 7, "0") for minutes in (14, 0)
    ]
    assert len([key for key in left if key.startswith("hk1/10/")]) == len(ages)


def test_keys_are_in_the_order_of_time() -> None:
    keys = [pack_key(CELL, 3, NOW_US + minutes * 60_000_000, 7, "0") for minutes in range(0, 3000, 7)]
    assert keys == sorted(keys)
    assert keys[0].startswith("hk1/3/20260921/")
    assert expired_before(CELL, 3, NOW_US, timedelta(0)) < keys[0]
