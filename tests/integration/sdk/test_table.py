"""A compacted topic as a table: what was there at the start, what changes, what is removed, and what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from vantage.contracts import Camera, Rule, encode
from vantage.contracts.base import Place
from vantage.contracts.camera import Authority, Source
from vantage.errors import BrokerUnavailable
from vantage.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.sdk.conftest import Log, Recorder, Start, TcpProxy, Until
    from vantage.settings import ServiceSettings

    Settings = Callable[..., ServiceSettings]

TOPIC = "cameras.v1"


def camera(camera_id: str, revision: int = 1) -> Camera:
    """A retired camera, which nobody else in this run would record."""
    return Camera(
        camera_id=camera_id,
        cell_id="t1",
        revision=revision,
        state="retired",
        name="Test",
        source=Source(url="rtsp://127.0.0.1/none"),
        place=Place(latitude=22.2, longitude=113.5),
        authority=Authority(reference="test", expires_at=0),
        changed_at=0,
    )


class Writer:
    """Writes what a register would, and what it never would; it leaves no key behind."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "log_level": 0})
        self._keys: set[str] = set()

    def key(self) -> str:
        return f"t1.{uuid4().hex[:12]}"

    def write(self, key: str, value: Camera | bytes | None) -> None:
        self._keys.add(key)
        data = encode(value) if isinstance(value, Camera) else value
        self._producer.produce(TOPIC, data, key)
        assert self._producer.flush(30) == 0

    def clean(self) -> None:
        for key in list(self._keys):
            self.write(key, None)


@pytest.fixture
def writer(kafka_bootstrap: str) -> Iterator[Writer]:
    made = Writer(kafka_bootstrap)
    yield made
    made.clean()


@pytest.fixture
def table(settings: Settings) -> Iterator[Table[Camera]]:
    made = Table(settings(), TOPIC, Camera)
    yield made
    made.stop()


def test_is_ready_when_all_that_was_there_is_read(table: Table[Camera], writer: Writer) -> None:
    keys = [writer.key() for _ in range(20)]
    for key in keys:
        writer.write(key, camera(key))
        writer.write(key, camera(key, 2))
    table.start().wait_ready(30)
    assert [table.items()[key].revision for key in keys] == [2] * 20


def test_follows_changes_and_tombstones(table: Table[Camera], writer: Writer, until: Until) -> None:
    key, changes = writer.key(), list[tuple[str, int | None]]()
    table.on_change(lambda name, row: changes.append((name, row.revision if row else None)))
    table.start().wait_ready(30)
    writer.write(key, camera(key))
    until(lambda: table.get(key) == camera(key), "the new row is there")
    writer.write(key, None)
    until(lambda: table.get(key) is None, "the row is gone")
    assert [change for change in changes if change[0] == key] == [(key, 1), (key, None)]


def test_is_ready_though_the_last_record_cannot_be_read_and_keeps_the_last_good_value(
    table: Table[Camera], writer: Writer
) -> None:
    key = writer.key()
    writer.write(key, camera(key))
    writer.write(key, b"\xff not json")
    table.start().wait_ready(30)
    assert table.get(key) == camera(key)


def test_a_listener_that_fails_does_not_end_it(table: Table[Camera], writer: Writer, until: Until) -> None:
    def fail(_key: str, _row: Camera | None) -> None:
        raise ZeroDivisionError

    table.on_change(fail)
    table.start().wait_ready(30)
    key = writer.key()
    writer.write(key, camera(key))
    until(lambda: table.get(key) is not None, "the row is there")


def test_waits_for_a_broker_that_is_late_and_says_why(
    settings: Settings, proxy: TcpProxy, until: Until, capfd: pytest.CaptureFixture[str]
) -> None:
    address = proxy.bootstrap
    table = Table(settings(bootstrap=proxy.bootstrap), TOPIC, Camera).start()
    try:
        with pytest.raises(BrokerUnavailable, match=proxy.bootstrap):
            table.wait_ready(0.1)
        assert not table.is_ready
        until(lambda: f"Kafka at {address} does not answer" in capfd.readouterr().err, "it says why it waits")
        proxy.up()
        table.wait_ready(30)
    finally:
        table.stop()


def test_refuses_a_topic_of_another_contract(settings: Settings) -> None:
    with pytest.raises(TypeError, match=r"cameras\.v1 does not hold Rule"):
        Table(settings(), TOPIC, Rule)


def test_a_loop_takes_no_tombstone_for_a_message(
    log: Log, start: Start, writer: Writer, until: Until, recorder: type[Recorder]
) -> None:
    group, dead = log.group(TOPIC), log.ends(f"{TOPIC}.dlq")
    writer.write(writer.key(), None)
    start(recorder("nobody"), group, topics=[TOPIC])
    until(lambda: log.committed(group, TOPIC) == log.ends(TOPIC), "the tombstone is behind it")
    assert log.ends(f"{TOPIC}.dlq") == dead
