"""The event log may be late, and may go away: a loop says so once, waits, and goes on without losing its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vantage.errors import BrokerUnavailable
from vantage.publish import Publisher

if TYPE_CHECKING:
    from tests.integration.sdk.conftest import Log, Recorder, Start, TcpProxy, Until


def test_a_loop_waits_for_a_broker_that_is_late_and_then_goes_on(  # noqa: PLR0917
    log: Log, start: Start, until: Until, recorder: type[Recorder], proxy: TcpProxy, capfd: pytest.CaptureFixture[str]
) -> None:
    group, handler = log.group(), recorder(log.actor)
    log.write(*log.decisions(3))
    running = start(handler, group, bootstrap=proxy.bootstrap)
    until(lambda: "VANTAGE_KAFKA_BOOTSTRAP" in running.readiness.reasons().get("kafka", ""), "it says what to do")

    proxy.up()
    until(lambda: handler.seen == [0, 1, 2], "it goes on")
    assert running.readiness.reasons() == {}
    running.end()
    lines = capfd.readouterr().err.splitlines()
    assert len([line for line in lines if "waiting for Kafka" in line]) >= 1
    assert all(line.startswith("{") for line in lines), "librdkafka's own lines are not ours"


def test_a_loop_goes_on_after_an_outage_where_it_was(
    log: Log, start: Start, until: Until, recorder: type[Recorder], proxy: TcpProxy
) -> None:
    group, handler = log.group(), recorder(log.actor)
    proxy.up()
    running = start(handler, group, bootstrap=proxy.bootstrap)
    log.write(*log.decisions(5))
    until(lambda: len(handler.seen) == 5, "the first are handled")

    proxy.down()
    log.write(*log.decisions(10)[5:])
    until(lambda: "kafka" in running.readiness.reasons(), "it says that the log is away")
    proxy.up()
    until(lambda: log.committed(group) == log.ends(), "all is committed")
    assert list(dict.fromkeys(handler.seen)) == list(range(10))
    assert running.readiness.reasons() == {}
    running.end()


def test_a_loop_stops_within_seconds_during_an_outage(
    log: Log, start: Start, until: Until, recorder: type[Recorder], proxy: TcpProxy
) -> None:
    proxy.up()
    running = start(recorder(log.actor), log.group(), bootstrap=proxy.bootstrap)
    until(lambda: running.readiness.reasons() == {}, "it is in the group")
    proxy.down()
    until(lambda: "kafka" in running.readiness.reasons(), "it says that the log is away")
    running.stop.set()
    running.join(20)


def test_a_loop_stops_within_seconds_with_a_commit_on_its_way(
    log: Log, start: Start, until: Until, recorder: type[Recorder], proxy: TcpProxy
) -> None:
    group = log.group()
    handler = recorder(log.actor, lambda _message: proxy.down())
    log.write(*log.decisions(1))
    proxy.up()
    running = start(handler, group, bootstrap=proxy.bootstrap)
    until(lambda: handler.seen == [0], "it is handled, and cannot be committed")
    running.stop.set()
    running.join(20)


def test_a_missing_topic_is_waited_for_with_its_remedy(
    log: Log, start: Start, until: Until, recorder: type[Recorder]
) -> None:
    running = start(recorder(log.actor), log.group(), topics=["no-such-topic.v1"])
    until(lambda: "vantage topics apply" in running.readiness.reasons().get("kafka", ""), "it names the remedy")
    running.end()


def test_publishing_to_a_broker_that_is_away_says_so_and_later_works(log: Log, proxy: TcpProxy) -> None:
    since = log.ends()
    publisher = Publisher(proxy.bootstrap, "test", "t1", delivery_timeout_s=2)
    publisher.publish("audit.v1", log.decisions(1)[0])
    with pytest.raises(BrokerUnavailable, match="Connection refused"):
        publisher.flush()
    publisher.flush()  # what failed was told once

    proxy.up()
    publisher.publish("audit.v1", log.decisions(1)[0])
    publisher.flush(30)
    assert len(log.read("audit.v1", since)) == 1
