"""Bringing third-party programs into the cache: steps that run side by side, each visible, each instant when warm."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

from vantage_stack.cache import Cache
from vantage_stack.errors import FetchFailed

_EVERY_S = 2.0

Report = Callable[[str], None]
"""Told what a step is doing, in a few words."""


@dataclass(frozen=True)
class Step:
    """One thing to fetch or build. `run` returns where it lies, and raises FetchFailed with what to do."""

    name: str
    run: Callable[[Cache, Report], Path]


class Progress(Protocol):
    """Shows what the steps are doing."""

    def say(self, step: str, doing: str) -> None:
        """A step goes on with something."""
        ...

    def done(self, step: str, how: str) -> None:
        """A step has ended."""
        ...


class Lines:
    """A line now and then, for a log. With `terse`, none for a step that had nothing to do."""

    def __init__(self, *, terse: bool = False) -> None:
        self._terse = terse
        self._began: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def say(self, step: str, doing: str) -> None:
        """Print what the step does, unless it said something a moment ago."""
        with self._lock:
            now = time.monotonic()
            began = self._began.setdefault(step, now)
            if now - self._said.get(step, 0) >= _EVERY_S:
                self._said[step] = now
                print(f"fetch: {step}: {doing} ({now - began:.0f} s)", flush=True)

    def done(self, step: str, how: str) -> None:
        """Print how the step ended."""
        with self._lock:
            now = time.monotonic()
            took = now - self._began.get(step, now)
            if not self._terse or step in self._said:
                print(f"fetch: {step}: {how} ({took:.0f} s)", flush=True)


class Board:
    """A table that changes in place, for a terminal."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, float, float | None]] = {}
        self._lock = threading.Lock()

    def say(self, step: str, doing: str) -> None:
        """Change the step's row."""
        self._put(step, doing, None)

    def done(self, step: str, how: str) -> None:
        """Change the step's row for the last time."""
        self._put(step, how, time.monotonic())

    def _put(self, step: str, doing: str, ended: float | None) -> None:
        with self._lock:
            began = self._rows[step][1] if step in self._rows else time.monotonic()
            self._rows[step] = (doing, began, ended)

    def __rich__(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2))
        with self._lock:
            now = time.monotonic()
            for step, (doing, began, ended) in self._rows.items():
                table.add_row("fetch", step, doing, f"{(ended or now) - began:.0f} s")
        return table


def fetch_visibly(steps: Sequence[Step], cache: Cache) -> dict[str, Path]:
    """Fetch with a table on a terminal, with lines elsewhere."""
    console = Console()
    if not console.is_terminal:
        return fetch(steps, cache, Lines())
    board = Board()
    with Live(board, console=console):
        return fetch(steps, cache, board)


def fetch(steps: Sequence[Step], cache: Cache, progress: Progress) -> dict[str, Path]:
    """Run the steps side by side and return where each result lies, by the step's name.

    Raises FetchFailed with a line for each step that failed; the others are whole and kept.
    """
    with ThreadPoolExecutor(len(steps) or 1, thread_name_prefix="fetch") as pool:
        work = {step.name: pool.submit(_run, step, cache, progress) for step in steps}
    failures = [f"{name}: {error}" for name, future in work.items() if (error := future.exception())]
    if failures:
        raise FetchFailed("\n".join(failures))
    return {name: future.result() for name, future in work.items()}


def _run(step: Step, cache: Cache, progress: Progress) -> Path:
    try:
        path = step.run(cache, lambda doing: progress.say(step.name, doing))
    except BaseException:
        progress.done(step.name, "failed")
        raise
    progress.done(step.name, "ready")
    return path
