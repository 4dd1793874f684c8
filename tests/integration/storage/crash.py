"""The fixture `crash`: storage as a process that kills itself, with SIGKILL, at a call that the test names.

A *point* is `before`, `after` or `within` a call of a port: the `nth` one whose arguments, as text, hold `containing`.

- `store.<method>` of the object store: `put`, `get`, `list`, `versions`, `erase_many`, `delete_many`, `lock`, ... After
  a method that lists means: when the list was read to its end. `within` does half of an `erase_many` or `delete_many`.
- `publisher.publish`, `publisher.flush`; `log.commit` is the index loop's commit to Kafka.
- `database.execute`, `database.executemany`, `database.copy`, by the statement's text; `database.commit`, by the text
  of all statements of its transaction, so that `containing="storage.receipts"` is the commit that writes a receipt.

`round` does rounds of single chores (`Chore.name`) in a process of their own and returns its log; `serve` is the whole
of storage. Both take `now_us`, at which the process's clock starts, and settings by their variables. With a point they
end when the process has killed itself there, and fail where it did not; without one, `round` fails unless it ended
well.

    def test_a_receipt_is_written_with_the_rows_end(crash, database, ...):
        crash.round("erasure", now_us=later, before="database.commit", containing="storage.receipts")
        assert database.rows("table storage.receipts") == []
        crash.round("erasure", now_us=later)                     # it starts again, and nobody kills it
        assert len(database.rows("table storage.receipts")) == 1

    def test_the_index(crash, database, event_log, ...):
        event_log.publish(recordings)
        crash.serve(after="database.commit", containing="storage.offsets", nth=2)
        storage = crash.serve()                                  # runs until the test ends, or storage.stop()
        until(lambda: database.offsets() == event_log.ends(), storage)
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from vantage_stack.process import ManagedProcess
from vantage_stack.store import S3Access

PROGRAM = Path(__file__).with_name("crash_program.py")
DEADLINE_S = 120.0
_KILLED = -9


def until(condition: Callable[[], bool], process: ManagedProcess) -> None:
    """Wait for the condition while the process lives."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert process.running, process.log.read_text()
        assert time.monotonic() < end, process.log.read_text()
        time.sleep(0.02)


class Crashes:
    """Starts storage as often as a test likes, each time with another point or none."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = {"PATH": os.environ["PATH"], **environment}
        self._folder = folder
        self._started: list[ManagedProcess] = []

    def round(
        self,
        *chores: str,
        rounds: int = 1,
        now_us: int | None = None,
        before: str = "",
        after: str = "",
        within: str = "",
        nth: int = 1,
        containing: str = "",
        **settings: str,
    ) -> str:
        """Do rounds of the chores, in this order; the log of what was done."""
        point = _point(before, after, within, nth, containing)
        process = self._start({"chores": chores, "rounds": rounds, "now_us": now_us, "point": point}, settings)
        return self._ended(process, _KILLED if point else 0)

    def serve(
        self,
        *,
        now_us: int | None = None,
        before: str = "",
        after: str = "",
        within: str = "",
        nth: int = 1,
        containing: str = "",
        **settings: str,
    ) -> ManagedProcess:
        """Run the whole of storage: until it has killed itself with a point, else in the background."""
        point = _point(before, after, within, nth, containing)
        process = self._start({"now_us": now_us, "point": point}, settings)
        if point:
            self._ended(process, _KILLED)
        return process

    def stop(self) -> None:
        """Stop what still runs."""
        for process in self._started:
            process.stop()

    def _start(self, plan: Mapping[str, object], settings: Mapping[str, str]) -> ManagedProcess:
        log = self._folder / f"crash-{len(self._started)}.log"
        argv: list[str | Path] = [sys.executable, PROGRAM, json.dumps(plan)]
        process = ManagedProcess(
            "storage", argv, log=log, environment={**self._environment, **settings}, folder=self._folder
        )
        process.start()
        self._started.append(process)
        return process

    @staticmethod
    def _ended(process: ManagedProcess, code: int) -> str:
        assert process.wait(DEADLINE_S), f"it was to end by itself\n{process.log.read_text()}"
        log = process.log.read_text()
        assert process.exit_code == code, f"{process.how_it_ended()}\n{log}"
        return log


def _point(before: str, after: str, within: str, nth: int, containing: str) -> dict[str, object] | None:
    sides = {"before": before, "after": after, "within": within}
    named = {side: call for side, call in sides.items() if call}
    assert len(named) <= 1, "one point a run"
    return next(({"call": c, "side": s, "nth": nth, "containing": containing} for s, c in named.items()), None)


@pytest.fixture
def crash(environment: Mapping[str, str], s3: S3Access, tmp_path: Path) -> Iterator[Crashes]:
    """Storage that can be killed at a call, on this test's database and the session's store and event log."""
    made = Crashes({**environment, **s3.environment(), "VANTAGE_REPLICA": "tests-crash"}, tmp_path)
    yield made
    made.stop()
