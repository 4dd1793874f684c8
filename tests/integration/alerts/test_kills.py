"""Kills and outages: every alert that was to come is in alerts.v1 once, and in order."""

import time
from contextlib import suppress
from typing import Any

import pytest

BURST = [1, 2, 0, 0, 3, 4, 0, 0] * 4


def kill_amid(program: Any, cell: Any, scenes: list[Any], alert_log: Any, until: Any) -> None:
    """Show a burst, kill at the first that comes of it, and show another while the program comes back."""
    known = alert_log.count(scenes)
    show(cell, scenes, BURST)
    until(lambda: alert_log.count(scenes) > known, "the burst is being worked on")
    program.kill9()
    program.start()
    show(cell, scenes, [0, 0, 0, 1, 0, 0, 0])


def show(cell: Any, scenes: list[Any], film: list[int]) -> None:
    shots = [scene.shows(*film) for scene in scenes]
    cell.send([message for messages in zip(*shots, strict=True) for message in messages])


def assert_all_once(scenes: list[Any], alert_log: Any, until: Any) -> None:
    expected = {scene.camera.camera_id: scene.changes() for scene in scenes}
    many = sum(len(changes) for changes in expected.values())
    with suppress(pytest.fail.Exception):
        until(lambda: alert_log.count(scenes) >= many, "all changes are in alerts.v1")
    for camera_id, changes in expected.items():
        found = alert_log.changes(camera_id)
        assert not [change for change in changes if change not in found], "some are lost"
        assert sorted(found) == sorted(changes)
        for alert_id in {alert_id for alert_id, _, _ in changes}:
            revisions = [revision for alert, revision, _ in found if alert == alert_id]
            assert revisions == list(range(1, len(revisions) + 1))


def test_kills_of_the_engine_lose_and_repeat_nothing(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scenes = [cell.scene() for _ in range(4)]
    for _ in range(3):
        kill_amid(engine, cell, scenes, alert_log, until)
    assert_all_once(scenes, alert_log, until)


def test_kills_of_the_desk_lose_and_repeat_nothing(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scenes = [cell.scene() for _ in range(4)]
    for _ in range(3):
        kill_amid(desk, cell, scenes, alert_log, until)
    assert_all_once(scenes, alert_log, until)


def test_another_engine_shares_the_cameras_and_takes_them_all_over(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    second = cell.program("engine", "r2")
    scenes = [cell.scene() for _ in range(4)]
    try:
        second.start()
        show(cell, scenes, BURST)
        until(second.is_ready, "the second engine has its share")
        show(cell, scenes, BURST)
        engine.kill9()
        show(cell, scenes, BURST)
        assert_all_once(scenes, alert_log, until)
    finally:
        engine.start()
        show(cell, scenes, [0, 0, 0, 1, 0, 0, 0])
        assert second.stop() == 0
    until(engine.is_ready, "the engine is back")
    assert_all_once(scenes, alert_log, until)


def test_another_desk_stands_by_and_takes_over(cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any) -> None:
    second = cell.program("desk", "r2")
    second.start_and_wait()
    assert second.metric("vantage_alerts_publisher") == 0
    scene = cell.scene()
    try:
        cell.send(scene.shows(1, 2, 0))
        desk.kill9()
        cell.send(scene.shows(0, 0, 3, 4, 0, 0, 0))
        until(lambda: second.metric("vantage_alerts_publisher") == 1, "the second desk publishes")
        assert_all_once([scene], alert_log, until)
    finally:
        desk.start_and_wait()
        assert second.stop() == 0


def test_a_database_that_was_away_is_caught_up_with(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scene = cell.scene()
    cell.send(scene.shows(1))
    until(lambda: alert_log.changes(scene.camera.camera_id) == scene.changes(), "the first alert")
    with cell.stack.away("postgres"):
        cell.send(scene.shows(2, 0, 0, 0, 1, 0, 0))
        until(lambda: (desk.waits_for() or {}).get("publisher"), "the desk says what it waits for")
        assert "PostgreSQL at 127.0.0.1" in desk.waits_for()["publisher"]
    assert_all_once([scene], alert_log, until)
    until(desk.is_ready, "the desk is ready again")


def test_a_log_that_was_away_is_caught_up_with(cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any) -> None:
    scene = cell.scene()
    cell.send(scene.shows(1))
    until(lambda: alert_log.changes(scene.camera.camera_id) == scene.changes(), "the first alert")
    with cell.stack.away("kafka"):
        time.sleep(1)
    cell.send(scene.shows(2, 0, 0, 0, 1, 0, 0))
    assert_all_once([scene], alert_log, until)


def test_a_stop_ends_both_in_good_order_and_a_start_goes_on(
    cell: Any, engine: Any, desk: Any, alert_log: Any, until: Any
) -> None:
    scene = cell.scene()
    cell.send(scene.shows(1, 2))
    assert engine.stop() == 0
    assert desk.stop() == 0
    cell.send(scene.shows(0, 0, 0))
    engine.start_and_wait()
    desk.start_and_wait()
    assert_all_once([scene], alert_log, until)
