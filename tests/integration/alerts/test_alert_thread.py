"""Detections in, alert events out: real engine and desk on the real log and database."""

from typing import Any

from confluent_kafka import Consumer, TopicPartition
from msgspec.structs import replace

from vantage.contracts import Camera
from vantage.ids import event_id

HEADERS = {"schema": b"alerts.v1", "schema-version": b"1", "ce_type": b"vantage.alerts.v1"}


def test_each_change_of_an_alert_comes_once_in_order_with_its_ids(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scene = cell.scene()
    cell.send(scene.shows(0, 1, 2, 4, 4, 0, 0, 0, 1, 0, 0, 0))
    expected = scene.changes()
    assert [change for _, _, change in expected].count("raised") == 3
    camera_id = scene.camera.camera_id
    until(lambda: len(alert_log.changes(camera_id)) >= len(expected), "all changes are in alerts.v1")
    assert alert_log.changes(camera_id) == expected
    for event, record in alert_log.records(camera_id):
        headers = dict(record.headers())
        assert event.event_id == event_id(event.alert_id, event.revision)
        assert headers["ce_id"].decode() == event.event_id
        assert headers["traceparent"].decode().startswith("00-0af7651916cd43dd8448eb211c80319c-")
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert record.key().decode() == event.alert_id
        assert event.place == scene.camera.place


def test_the_view_shows_each_alert_as_its_last_event(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scene = cell.scene()
    cell.send(scene.shows(1, 2, 0, 0, 0))
    camera_id = scene.camera.camera_id
    until(lambda: any(event.change == "ended" for event in alert_log.events(camera_id)), "the alert has ended")
    last = alert_log.events(camera_id)[-1]
    query = (
        "select alert_id, revision, state, active, rule_id, rule_version, rule_type, severity, peak, "
        "evidence->'count', place->>'district', raised_at_us, changed_at_us, window_start_us "
        "from alerts.alerts_v1 where camera_id = %s"
    )
    assert cell.rows(query, camera_id) == [
        (
            last.alert_id,
            3,
            "raised",
            False,
            f"{cell.run}-steps",
            1,
            "intrusion",
            "moderate",
            2,
            2,
            "central-and-western",
            last.raised_at,
            last.at,
            scene.messages[0].start,
        )
    ]


def test_a_poisoned_detection_is_buried_as_it_was_and_the_stream_goes_on(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scene = cell.scene()
    camera_id = scene.camera.camera_id
    poison = b'{"camera_id":"' + camera_id.encode() + b'","frames":"none"}'
    before = _end(cell.bootstrap, "detections.v1.dlq")
    cell.publisher.publish_raw("detections.v1", camera_id.encode(), poison, [("traceparent", b"00-aa-bb-01")])
    cell.publisher.publish_raw("detections.v1", camera_id.encode(), None, [])
    cell.send(scene.shows(1, 0, 0))
    until(lambda: len(alert_log.changes(camera_id)) >= 2, "what follows the poison is judged")
    letters = _read(cell.bootstrap, "detections.v1.dlq", before, 2)
    assert [letter.value() for letter in letters] == [poison, None]
    assert {letter.key() for letter in letters} == {camera_id.encode()}
    headers = dict(letters[0].headers())
    assert headers["traceparent"] == b"00-aa-bb-01"
    assert (headers["service"], headers["topic"]) == (b"alerts-engine", b"detections.v1")
    assert b"frames" in headers["error"]


def test_a_rule_changes_without_a_restart(cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any) -> None:
    scene = cell.scene()
    camera_id = scene.camera.camera_id
    cell.put(cell.intrusion("live", [camera_id]))

    def versions() -> list[tuple[str, int]]:
        cell.send(scene.shows(1))
        events = alert_log.events(camera_id)
        return [(event.change, event.rule_version) for event in events if event.rule_id == f"{cell.run}-live"]

    until(lambda: versions() == [("raised", 1)], "the new rule opens an alert")
    cell.put(cell.intrusion("live", [camera_id], version=2))
    until(lambda: versions() == [("raised", 1), ("ended", 1), ("raised", 2)], "its next version takes over")


def test_a_camera_that_is_paused_ends_its_alerts_though_no_detection_comes(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scene = cell.scene()
    camera: Camera = scene.camera
    cell.send(scene.shows(1))
    until(lambda: alert_log.changes(camera.camera_id) == scene.changes(), "the alert is raised")
    cell.put(replace(camera, state="paused", revision=2))
    until(lambda: [change for _, _, change in alert_log.changes(camera.camera_id)] == ["raised", "ended"], "it ends")


def test_a_backfill_raises_no_alert(cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any) -> None:
    scene = cell.scene()
    (message,) = scene.shows(1)
    cell.send([replace(message, run_id="backfill-1")])
    before = engine.metric("vantage_alerts_backfill_messages_total")
    until(lambda: before >= 1 or engine.metric("vantage_alerts_backfill_messages_total") > before, "it was read")
    cell.send([message])
    until(lambda: alert_log.changes(scene.camera.camera_id) == scene.changes(), "the live message raises one")


def _end(bootstrap: str, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "alerts-tests-dlq", "log_level": 0})
    try:
        return int(consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=15)[1])
    finally:
        consumer.close()


def _read(bootstrap: str, topic: str, offset: int, count: int) -> list[Any]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "alerts-tests-dlq", "log_level": 0})
    try:
        consumer.assign([TopicPartition(topic, 0, offset)])
        return list(consumer.consume(count, timeout=30))
    finally:
        consumer.close()
