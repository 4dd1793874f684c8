"""The alert stream on a real topic: in order, none lost, none twice, whoever is killed or slow."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from vantage.contracts import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.api.conftest import Client, GatewayProcess, Subscriber, World
    from vantage.contracts import AlertEvent

MUCH = "x" * 480
"""Makes an event large, so that a subscriber that does not read is behind soon."""


@dataclass(frozen=True)
class Mine:
    """A test's own alerts, known by their camera."""

    world: World
    camera: str

    def make(self, count: int, **more: Any) -> list[AlertEvent]:
        return [self.world.alert(self.camera, **more) for _ in range(count)]

    def write(self, count: int, **more: Any) -> list[str]:
        made = self.make(count, **more)
        self.world.alerts(made)
        return ids(made)

    def next(self, subscriber: Subscriber, count: int) -> list[str]:
        return ids(subscriber.take(count, lambda event: event.camera_id == self.camera))

    def until_cut(self, subscriber: Subscriber) -> list[str]:
        """What comes before the connection ends."""
        came: list[str] = []
        try:
            while True:
                came += self.next(subscriber, 1)
        except (httpx.TransportError, EOFError):
            return came


@pytest.fixture
def mine(world: World) -> Mine:
    return Mine(world, f"hk1.own-{uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def small_gateway(make_gateway: Callable[..., GatewayProcess]) -> Iterator[GatewayProcess]:
    made = make_gateway(VANTAGE_API_STREAM_QUEUE="64", VANTAGE_API_STREAM_TAIL="32")
    yield made
    made.stop()


@pytest.fixture
def small(small_gateway: GatewayProcess) -> GatewayProcess:
    """A gateway that remembers little and waits for nobody; it runs, whatever an earlier test did to it."""
    if not small_gateway.process.running:
        small_gateway.start()
    return small_gateway


def ids(events: list[AlertEvent]) -> list[str]:
    return [event.alert_id for event in events]


class TestLive:
    def test_an_event_comes_as_it_is_on_the_topic(self, desk: Client, mine: Mine) -> None:
        with desk.alerts() as subscriber:
            mine.write(1)
            event = subscriber.next()
        assert event.event == "raised"
        assert int(event.id) >= 0
        assert mine.camera in event.data

    def test_the_stream_says_at_once_where_it_is(self, desk: Client, mine: Mine) -> None:
        with desk.alerts() as subscriber:
            cursor = subscriber.cursor
        written = mine.write(3)
        with desk.alerts(after=cursor) as subscriber:
            assert mine.next(subscriber, 3) == written

    def test_what_the_desk_writes_twice_is_said_once(self, desk: Client, mine: Mine) -> None:
        first, second = mine.make(2)
        with desk.alerts() as subscriber:
            cursor = subscriber.cursor
            mine.world.alerts([first, first, second])
            assert mine.next(subscriber, 2) == ids([first, second])
        with desk.alerts(after=cursor) as subscriber:
            assert mine.next(subscriber, 2) == ids([first, second])


class TestResume:
    def test_the_header_of_a_reconnect_wins_over_the_address(self, desk: Client, mine: Mine) -> None:
        with desk.alerts() as subscriber:
            begin = subscriber.cursor
            mine.write(4)
            mine.next(subscriber, 2)
            reached = subscriber.cursor
        address = "/v1/alerts/stream?after=" + begin
        with desk.http.stream("GET", address, headers={"Last-Event-ID": reached}) as answer:
            assert answer.status_code == 200
            assert f"id: {reached}" in next(answer.iter_text())

    @pytest.mark.parametrize("cursor", ["abc", "1.5", "-2", "9" * 30, str(10**15)])
    def test_an_id_that_is_none_is_refused(self, desk: Client, cursor: str) -> None:
        answer = desk.get("/v1/alerts/stream", after=cursor)
        assert answer.status_code == 400
        assert answer.json()["detail"]

    def test_an_id_older_than_what_is_kept_is_answered_with_the_first_there_is(
        self, small: GatewayProcess, mine: Mine
    ) -> None:
        written = mine.write(100)
        first = forget(mine.world.bootstrap, keep=40)
        client = small.client()
        answer = client.get("/v1/alerts/stream", after=str(first - 2))
        assert answer.status_code == 410
        assert answer.json()["first_available"] == first
        with client.alerts(after=str(first - 1)) as subscriber:
            assert mine.next(subscriber, 40) == written[-40:]


def forget(bootstrap: str, keep: int) -> int:
    """Have Kafka forget all events but the last ones; the first that is left."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid4().hex})
    _, end = consumer.get_watermark_offsets(TopicPartition("alerts.v1", 0), timeout=10)
    consumer.close()
    admin = AdminClient({"bootstrap.servers": bootstrap})
    (future,) = admin.delete_records([TopicPartition("alerts.v1", 0, end - keep)]).values()
    return int(future.result().low_watermark)


class TestKilled:
    def test_nothing_is_lost_or_twice_over_kills_of_the_gateway(self, small: GatewayProcess, mine: Mine) -> None:
        alerts = mine.make(300)
        writer = threading.Thread(target=write_slowly, args=(mine.world, alerts))
        came: list[str] = []
        cursor = ""
        for upto in (40, 150, len(alerts)):
            if not small.process.running:
                small.start()
            with small.client().alerts(after=cursor) as subscriber:
                if not cursor:
                    writer.start()
                came += mine.next(subscriber, upto - len(came))
                small.kill9()
                came += mine.until_cut(subscriber)
                cursor = subscriber.cursor
        writer.join()
        assert came == ids(alerts)

    def test_it_is_ready_again_though_the_topic_ends_with_the_end_of_a_transaction(
        self, small: GatewayProcess, mine: Mine
    ) -> None:
        written = write_as_the_desk_does(mine)
        if small.process.running:
            small.kill9()
        small.start()
        with small.client().alerts() as subscriber:
            following = write_as_the_desk_does(mine)
            assert mine.next(subscriber, 1) == following != written


def write_as_the_desk_does(mine: Mine) -> list[str]:
    """One alert in a transaction of its own, whose end takes an offset after it."""
    producer = Producer({"bootstrap.servers": mine.world.bootstrap, "transactional.id": f"test-{uuid4().hex}"})
    producer.init_transactions()
    producer.begin_transaction()
    made = mine.make(1)
    producer.produce("alerts.v1", encode(made[0]), made[0].alert_id)
    producer.commit_transaction()
    return ids(made)


def write_slowly(world: World, alerts: list[AlertEvent]) -> None:
    for at in range(0, len(alerts), 10):
        world.alerts(alerts[at : at + 10])


class TestSlow:
    def test_a_slow_subscriber_is_told_to_resume_and_loses_nothing(self, small: GatewayProcess, mine: Mine) -> None:
        client, alerts = small.client(), mine.make(6_000, reason=MUCH, title=MUCH)
        with client.alerts() as fast, client.alerts() as slow:
            reader = Reader(mine, client, fast, len(alerts))
            mine.world.alerts(alerts)
            assert reader.result() == ids(alerts)  # the other one's slowness was not its own
            came = mine.until_cut(slow)
        assert any("reconnect with Last-Event-ID" in comment for comment in slow.comments)
        assert 0 < len(came) < len(alerts)
        with client.alerts(after=slow.cursor) as again:
            came += mine.next(again, len(alerts) - len(came))
        assert came == ids(alerts)


class Reader:
    """Reads so many events in a thread of its own; one that a busy machine makes slow goes on where it was."""

    def __init__(self, mine: Mine, client: Client, subscriber: Subscriber, count: int) -> None:
        self._found: list[str] = []
        self._work = threading.Thread(target=self._read, args=(mine, client, subscriber, count), daemon=True)
        self._work.start()

    def result(self) -> list[str]:
        self._work.join(90)
        return self._found

    def _read(self, mine: Mine, client: Client, subscriber: Subscriber, count: int) -> None:
        try:
            while len(self._found) < count:
                self._found += mine.next(subscriber, 1)
        except (EOFError, httpx.TransportError):
            with client.alerts(after=subscriber.cursor) as again:
                self._read(mine, client, again, count)


class TestStop:
    def test_it_ends_with_open_streams_and_says_so(self, small: GatewayProcess) -> None:
        with small.client().alerts() as subscriber:
            small.stop()  # SIGTERM; it is killed only after ten seconds
            with pytest.raises((EOFError, httpx.TransportError)):
                subscriber.next()
        assert small.process.exit_code == 0
        assert any("the gateway stops" in comment for comment in subscriber.comments)


class TestList:
    def test_the_list_pages_through_what_the_desk_shows(self, desk: Client, mine: Mine) -> None:
        events = [mine.world.alert(mine.camera, raised_at=100 + number // 2) for number in range(6)]
        for event in events:
            mine.world.alert_row(event)
        first = desk.get("/v1/alerts", camera=mine.camera, limit=4).json()
        second = desk.get("/v1/alerts", camera=mine.camera, limit=4, before=first["next"]).json()
        found = first["alerts"] + second["alerts"]
        assert sorted(one["alert_id"] for one in found) == sorted(ids(events))
        assert [one["raised_at"] for one in found] == [102, 102, 101, 101, 100, 100]
        assert second["next"] is None

    def test_one_alert_has_the_names_of_the_stream(self, desk: Client, mine: Mine) -> None:
        event = mine.world.alert(mine.camera)
        mine.world.alert_row(event)
        found = desk.get(f"/v1/alerts/{event.alert_id}").json()
        assert (found["raised_at"], found["title"], found["state"]) == (event.raised_at, event.title, "raised")
        assert found["evidence"]["count"] == 1

    def test_an_alert_that_is_not_there(self, desk: Client) -> None:
        assert desk.get("/v1/alerts/alr_nothing").status_code == 404

    def test_values_that_do_not_fit_are_named(self, desk: Client) -> None:
        answer = desk.get("/v1/alerts", limit=0, state="sleeping")
        assert answer.status_code == 422
        assert "limit" in answer.json()["detail"]
        assert desk.get("/v1/alerts", before="yesterday").status_code == 400
