"""The table of demands and what came of each."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

_WORST = ("FAILS", "differs", "not offered", "pass")


class Report:
    """Collects results by demand; a demand with several parameters has the worst of its results."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._results: dict[tuple[str, str], str] = {}
        self.left: Sequence[str] = ()
        """Buckets that a lock keeps."""
        self.notes: list[str] = []
        """What was measured."""

    def add(self, item: pytest.Item, report: Any) -> None:
        """Keep the result of one phase of a test, if it says anything."""
        if report.when == "call" or not report.passed:
            demand = (_words(getattr(item.parent, "name", "")), _words(getattr(item, "originalname", "") or item.name))
            self._results[demand] = min(self._results.get(demand, "pass"), _result(report), key=_rank)

    def text(self) -> str:
        """Markdown: a row a demand, in the order of the tests."""
        rows = [f"| {area} | {demand} | {result} |" for (area, demand), result in self._results.items()]
        head = [f"| area | demand | {self._store} |", "|---|---|---|"]
        left = [f"\nKept by locks, for a later run to remove: {', '.join(self.left)}"] if self.left else []
        notes = ["", *self.notes] if self.notes else []
        return "\n".join(head + rows + notes + left)


def _result(report: Any) -> str:
    if report.passed:
        return "pass"
    said = str(getattr(report, "wasxfail", "")).removeprefix("reason: ")
    return said or ("not offered: " + str(report.longrepr[2]) if report.skipped else "FAILS")


def _rank(result: str) -> int:
    return next(place for place, word in enumerate(_WORST) if result.startswith(word))


def _words(name: str) -> str:
    """`test_a_lock_lapses` -> `a lock lapses`; `TestBulkDeletes` -> `bulk deletes`."""
    if name.startswith("Test"):
        return re.sub("(?<!^)(?=[A-Z])", " ", name.removeprefix("Test")).lower()
    return name.removeprefix("test_").replace("_", " ")
