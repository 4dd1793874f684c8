"""The outbox reaches alerts.v1 in order and once, whoever dies between which steps; on a database of the test's own."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import KafkaException
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from vantage.clock import SystemClock
from vantage.postgres import connect_pool, migrate
from vantage.service import Running
from vantage_alerts.adapters.alert_store import AlertStore
from vantage_alerts.adapters.alert_topic import AlertTopic
from vantage_alerts.adapters.outbox import BATCH, Outbox
from vantage_alerts.domain.standing import Standing, advance
from vantage_alerts.publisher import AlertPublisher
from vantage_alerts.settings import DeskSettings


class Shop:
    """A desk's database and a publisher beside it."""

    def __init__(self, cell: Any, dsn: str) -> None:
        self.cell, self.dsn = cell, dsn
        self.scene = cell.scene()
        self.settings = DeskSettings(
            cell_id=f"t{uuid4().hex[:10]}",
            kafka_bootstrap=cell.bootstrap,
            s3_endpoint="127.0.0.1:9",
            s3_access_key="not-used",
            s3_secret_key="not-used",
            postgres_dsn=dsn,
        )

    def record(self, *people: int) -> list[Standing]:
        """Take what is found in these fragments to the desk's book; the changes that it made."""
        known = len(self.scene.findings())
        self.scene.shows(*people)
        changes: list[Standing] = []
        with connect_pool(self.dsn, application="test") as pool:
            for finding in self.scene.findings()[known:]:
                with AlertStore(pool, self.dsn).change([finding.alert_id]) as book:
                    for standing in advance(book.get(finding.alert_id), finding, None, 1):
                        book.record(standing, "")
                        changes.append(standing)
        return changes

    def take_over(self) -> Any:
        return AlertTopic.take_over(self.settings.kafka_bootstrap, self.settings.transactional_id, "/tests")

    def publish(self, until: Any) -> None:
        """Run a publisher until the outbox is empty."""
        running = Running()
        publisher = AlertPublisher(self.settings, SystemClock(), running)
        publisher.start()
        try:
            until(lambda: self.waiting() == 0, "the outbox is empty")
        finally:
            running.stop.set()
            publisher.join()
        assert publisher.failure is None

    def waiting(self) -> int:
        return int(self.rows("select count(*) from alerts.outbox")[0][0])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def shop(cell: Any) -> Iterator[Shop]:
    administrator, service = cell.stack.postgres.dsn, cell.stack.postgres.dsns["alerts"]
    name = f"alerts_{uuid4().hex[:12]}"
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(make_conninfo(administrator, dbname=name)) as connection:
        role = str(conninfo_to_dict(service)["user"])
        connection.execute(sql.SQL("create schema alerts authorization {}").format(sql.Identifier(role)))
    dsn = make_conninfo(service, dbname=name)
    migrate(dsn, "alerts", "vantage_alerts.migrations")
    yield Shop(cell, dsn)
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def changes(standings: list[Standing]) -> list[tuple[str, int, str]]:
    return [(standing.event.alert_id, standing.event.revision, standing.event.change) for standing in standings]


def published(shop: Shop, alert_log: Any, until: Any, count: int) -> list[tuple[str, int, str]]:
    camera_id = shop.scene.camera.camera_id
    until(lambda: len(alert_log.changes(camera_id)) >= count, f"{count} changes are in alerts.v1")
    found: list[tuple[str, int, str]] = alert_log.changes(camera_id)
    return found


def test_an_outbox_longer_than_a_batch_comes_in_order_and_is_emptied(shop: Shop, alert_log: Any, until: Any) -> None:
    recorded = shop.record(*[1, 2, 0, 0] * (BATCH // 3 + 20))
    assert len(recorded) > BATCH
    shop.publish(until)
    assert published(shop, alert_log, until, len(recorded)) == changes(recorded)
    (last,) = shop.rows("select sequence, next_offset from alerts.published")
    assert last[0] == len(recorded)


def test_what_a_publisher_had_committed_but_not_noted_is_not_published_again(
    shop: Shop, alert_log: Any, until: Any
) -> None:
    recorded = shop.record(1, 2, 0, 0, 1)
    with Outbox.open(shop.dsn) as outbox, shop.take_over() as topic:
        topic.publish(outbox.after(0)[:2])
    shop.publish(until)
    assert published(shop, alert_log, until, len(recorded)) == changes(recorded)


def test_what_a_killed_publisher_had_not_committed_is_published_once(shop: Shop, alert_log: Any, until: Any) -> None:
    recorded = shop.record(1, 2, 0, 0)
    with Outbox.open(shop.dsn) as outbox, shop.take_over() as topic:
        topic._producer.begin_transaction()
        for row in outbox.after(0):
            topic._produce(row)
        topic._producer.poll(0.5)
        shop.publish(until)
        with pytest.raises(KafkaException):
            topic._producer.commit_transaction(10)
    assert published(shop, alert_log, until, len(recorded)) == changes(recorded)


def test_a_database_that_was_set_back_publishes_what_is_new_and_repeats_nothing(
    shop: Shop, alert_log: Any, until: Any
) -> None:
    recorded = shop.record(1, 2, 0, 0)
    with psycopg.connect(shop.dsn) as connection:
        kept = connection.execute("select * from alerts.outbox").fetchall()
    shop.publish(until)
    with psycopg.connect(shop.dsn) as connection:  # as a restored copy from before the publishing
        connection.execute("update alerts.published set sequence = 0, next_offset = 0")
        for row in kept:
            connection.execute("insert into alerts.outbox values (%s, %s, %s, %s, %s, %s)", row)
    recorded += shop.record(1, 0, 0)
    shop.publish(until)
    assert published(shop, alert_log, until, len(recorded)) == changes(recorded)


def test_one_of_two_publishers_leads_and_the_other_follows_when_it_stops(
    shop: Shop, alert_log: Any, until: Any
) -> None:
    runs = [Running(), Running()]
    publishers = [AlertPublisher(shop.settings, SystemClock(), running) for running in runs]
    recorded: list[Standing] = []
    threads_before = threading.active_count()
    for publisher in publishers:
        publisher.start()
    try:
        recorded += shop.record(1, 2)
        until(lambda: shop.waiting() == 0, "one publishes")
        runs[0].stop.set()
        publishers[0].join()
        recorded += shop.record(0, 0, 1)
        until(lambda: shop.waiting() == 0, "the other publishes")
    finally:
        for running, publisher in zip(runs, publishers, strict=True):
            running.stop.set()
            publisher.join()
    assert threading.active_count() <= threads_before
    assert published(shop, alert_log, until, len(recorded)) == changes(recorded)
