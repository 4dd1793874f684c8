"""In which order the engine lets a message take effect, and what a kill between two steps leaves to be done."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from vantage.contracts import Camera, Finding, Rule
from vantage_alerts.domain.state import decode_state
from vantage_alerts.engine import Engine
from vantage_alerts.watchlist import Watchlist


class Killed(BaseException):
    """The process ends here."""


class MemoryTable:
    """Rows that tell of their changes, as the SDK's table does."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.records = 0
        self._listeners: list[Callable[[str, Any], None]] = []

    def get(self, key: str) -> Any:
        return self.rows.get(key)

    def items(self) -> dict[str, Any]:
        return dict(self.rows)

    def has_read(self, _partition: int, offset: int) -> bool:
        return self.records > offset

    def on_change(self, listener: Callable[[str, Any], None]) -> None:
        self._listeners.append(listener)

    def put(self, key: str, row: Camera | Rule | None) -> None:
        self.rows[key] = row
        self.records += 1
        for listener in self._listeners:
            listener(key, row)


class MemoryLog:
    """A changelog and a topic of findings; `kill_at` ends the process before that step."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.findings: list[Finding] = []
        self.traces: list[str] = []
        self.steps: list[str] = []
        self.kill_at: int | None = None

    def get(self, camera_id: str) -> bytes | None:
        return self.states.get(camera_id)

    def put(self, camera_id: str, state: bytes) -> None:
        self._step("put")
        self.states[camera_id] = state

    async def put_and_wait(self, camera_id: str, state: bytes) -> None:
        self._step("put and wait")
        self.states[camera_id] = state

    async def deliver(self, findings: Sequence[Finding], trace: str) -> None:
        self._step("deliver")
        self.findings += findings
        self.traces.append(trace)

    def _step(self, name: str) -> None:
        if len(self.steps) == self.kill_at:
            raise Killed
        self.steps.append(name)


class Cell:
    """A log that outlives engines, and the tables they follow."""

    def __init__(self, street: Any, *rules: Rule) -> None:
        self.street = street
        self.log = MemoryLog()
        self.cameras, self.rules = MemoryTable(), MemoryTable()
        self.cameras.put(street.camera_id, street.camera())
        for rule in rules:
            self.rules.put(rule.rule_id, rule)
        self.start()

    def start(self) -> None:
        self.engine = Engine(Watchlist(self.cameras, self.rules), self.log, self.log)

    async def hears(self, *frames: Any, trace: str = "", run_id: str | None = None) -> list[str]:
        """The findings that this message brought to the log, as `state version`."""
        before = len(self.log.findings)
        message = self.street.message(*frames, run_id=run_id)
        await self.engine.judge(message, message.start, trace)
        return [f"{finding.state} v{finding.rule_version}" for finding in self.log.findings[before:]]


async def test_a_finding_is_said_after_its_state_is_safe_and_before_the_message_is_done(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    assert await cell.hears(street.frame(0, 1), trace="00-ab-cd-01") == ["opened v1"]
    assert cell.log.steps == ["put and wait", "deliver", "put"]
    assert cell.log.traces == ["00-ab-cd-01"]
    assert decode_state(cell.log.states[street.camera_id]).unsaid == ()


async def test_nothing_is_written_while_nothing_changes(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    await cell.hears(street.frame(0))
    written = len(cell.log.steps)
    for second in range(1, 10):
        await cell.hears(street.frame(second))
    assert len(cell.log.steps) == written


@pytest.mark.parametrize("step", [0, 1, 2])
async def test_a_kill_at_any_step_loses_no_finding_and_makes_no_other(street: Any, step: int) -> None:
    cell = Cell(street, street.intrusion())
    cell.log.kill_at = step
    with pytest.raises(Killed):
        await cell.hears(street.frame(0, 1))
    cell.log.kill_at = None
    cell.start()
    await cell.hears(street.frame(0, 1))
    await cell.hears(street.frame(1, 2))
    steps = sorted({(finding.alert_id, finding.step, finding.state) for finding in cell.log.findings})
    assert [(number, state) for _, number, state in steps] == [(1, "opened"), (2, "changed")]


async def test_what_was_decided_before_a_kill_is_said_though_the_rule_has_changed(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    cell.log.kill_at = 1
    with pytest.raises(Killed):
        await cell.hears(street.frame(0, 1))
    cell.log.kill_at = None
    cell.rules.put("steps-closed", street.intrusion(version=2))
    cell.start()
    assert await cell.hears(street.frame(0, 1)) == ["opened v1", "closed v1"]
    assert await cell.hears(street.frame(1, 1)) == ["opened v2"]


async def test_a_rule_changes_between_two_messages(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    await cell.hears(street.frame(0, 1))
    cell.rules.put("steps-closed", street.intrusion(version=2))
    assert await cell.hears(street.frame(1, 1)) == ["closed v1", "opened v2"]


async def test_a_camera_that_is_paused_is_settled_without_a_detection(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    await cell.hears(street.frame(0, 1))
    cell.cameras.put(street.camera_id, street.camera("paused", revision=2))
    await cell.engine.settle(street.camera_id, "")
    await cell.engine.settle(street.camera_id, "")
    assert [finding.state for finding in cell.log.findings] == ["opened", "closed"]


async def test_a_backfill_raises_nothing(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    assert await cell.hears(street.frame(0, 1), run_id="backfill-7") == []
    assert cell.log.steps == []


async def test_a_state_of_another_release_begins_anew(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    cell.log.states[street.camera_id] = b'{"version":99,"state":{}}'
    assert await cell.hears(street.frame(0, 1)) == ["opened v1"]


async def test_after_partitions_moved_the_stored_state_counts(street: Any) -> None:
    cell = Cell(street, street.intrusion(clear=0))
    await cell.hears(street.frame(0, 1))
    other = Engine(Watchlist(cell.cameras, cell.rules), cell.log, cell.log)
    message = street.message(street.frame(1, 0))
    await other.judge(message, message.start, "")
    cell.engine.forget()
    assert await cell.hears(street.frame(2, 0)) == []
    assert [finding.state for finding in cell.log.findings] == ["opened", "closed"]


def test_a_watchlist_follows_both_tables(street: Any) -> None:
    cell = Cell(street, street.intrusion())
    watchlist = Watchlist(cell.cameras, cell.rules)
    assert list(watchlist.of(street.camera_id)) == ["steps-closed"]
    cell.rules.put("crowd", street.crowd(3))
    assert sorted(watchlist.of(street.camera_id)) == ["crowd", "steps-closed"]
    cell.cameras.put(street.camera_id, street.camera("retired", revision=2))
    assert watchlist.of(street.camera_id) == {}
    assert watchlist.has_read(0, 1)
    assert not watchlist.has_read(0, 2)


def test_a_change_while_a_watchlist_is_made_is_not_overlooked(street: Any) -> None:
    cell = Cell(street, street.intrusion())

    class Slow(MemoryTable):
        """A table that changes just after it was read."""

        changes = True

        def items(self) -> dict[str, Any]:
            rows = super().items()
            if self.changes:
                self.changes = False
                self.put("crowd", street.crowd(3))
            return rows

    rules = Slow()
    rules.put("steps-closed", street.intrusion())
    watchlist = Watchlist(cell.cameras, rules)
    watchlist.of(street.camera_id)
    assert sorted(watchlist.of(street.camera_id)) == ["crowd", "steps-closed"]
