"""What a start says when something is wrong, and that it ends or waits as it should."""

from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

NOBODY = "127.0.0.1:9"


@pytest.mark.parametrize("command", ["engine", "desk"])
def test_a_log_that_is_away_is_waited_for_with_a_line_a_try(cell: Any, until: Any, command: str) -> None:
    program = cell.program(command, f"away-{command}", VANTAGE_KAFKA_BOOTSTRAP=NOBODY)
    program.start()
    try:
        until(lambda: program.log.exists() and program.log.read_text().count(NOBODY) >= 2, "it says so twice")
        assert not program.is_ready()
        assert all(line.startswith("{") for line in program.log.read_text().splitlines())
    finally:
        assert program.stop() == 0


def test_a_database_that_is_away_is_waited_for_with_a_line_a_try(cell: Any, until: Any) -> None:
    dsn = "postgresql://nobody@127.0.0.1:9/vantage"
    program = cell.program("desk", "no-database", VANTAGE_POSTGRES_DSN=dsn)
    program.start()
    try:
        until(lambda: program.log.exists() and len(_waiting(program)) >= 2, "it says so twice")
        assert "PostgreSQL at 127.0.0.1:9/vantage is unavailable" in _waiting(program)[0]
    finally:
        assert program.stop() == 0


def test_a_wrong_setting_ends_the_start_with_its_name(cell: Any) -> None:
    program = cell.program("engine", "wrong", VANTAGE_ALERTS_CHANGELOG_REPLICATION="0")
    program.start()
    assert program.wait_for_end() == 78
    assert "VANTAGE_ALERTS_CHANGELOG_REPLICATION is '0'" in program.log.read_text()


def test_a_changelog_with_another_partition_count_ends_the_start(cell: Any) -> None:
    group = f"engine-{cell.run}-short"
    admin = AdminClient({"bootstrap.servers": cell.bootstrap, "log_level": 0})
    for future in admin.create_topics([NewTopic(f"{group}-cameras-changelog", 1, 1)], operation_timeout=10).values():
        future.result()
    program = cell.program("engine", "short", VANTAGE_ALERTS_ENGINE_GROUP=group)
    program.start()
    assert program.wait_for_end() == 78
    assert f"{group}-cameras-changelog 1; make them equal" in program.log.read_text()


def test_the_changelog_is_compact_and_joined(cell: Any, engine: Any) -> None:
    name = f"engine-{cell.run}-cameras-changelog"
    admin = AdminClient({"bootstrap.servers": cell.bootstrap, "log_level": 0})
    topics = admin.list_topics(timeout=10).topics
    assert len(topics[name].partitions) == len(topics["detections.v1"].partitions)
    (config,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
    assert config.result()["cleanup.policy"].value == "compact"


def _waiting(program: Any) -> list[str]:
    return [line["reason"] for line in program.lines() if line["event"] == "waiting"]
