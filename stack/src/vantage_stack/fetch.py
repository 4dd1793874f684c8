"""Bringing third-party programs into the cache: steps that run side by side, each visible, each instant when warm."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from vantage_stack.cache import Cache
from vantage_stack.errors import FetchFailed

Report = Callable[[str], None]
"""Told what a step is doing, in a few words."""


@dataclass(frozen=True)
class Step:
    """One thing to fetch or build. `run` returns where it lies, and raises FetchFailed with what to do."""

    name: str
    run: Callable[[Cache, Report], Path]


@dataclass
class _Progress:
    """What each step is doing, for the eye."""

    console: Console
    rows: dict[str, tuple[str, float, float | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, name: str, doing: str, *, done: bool = False) -> None:
        now = time.monotonic()
        with self._lock:
            began = self.rows.get(name, ("", now, None))[1]
            self.rows[name] = (doing, began, now if done else None)
            if not self.console.is_terminal:
                print(f"fetch: {name}: {doing} ({now - began:.0f} s)", flush=True)

    def __rich__(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2))
        now = time.monotonic()
        with self._lock:
            for name, (doing, began, ended) in self.rows.items():
                table.add_row("fetch", name, doing, f"{(ended or now) - began:.0f} s")
        return table


def fetch(steps: Sequence[Step], cache: Cache, console: Console | None = None) -> dict[str, Path]:
    """Run the steps side by side and return where each result lies.

    Raises FetchFailed with a line for each step that failed; the others are whole and kept.
    """
    progress = _Progress(console or Console(file=sys.stdout))
    live = Live(progress, console=progress.console) if progress.console.is_terminal else nullcontext()
    with live, ThreadPoolExecutor(len(steps) or 1, thread_name_prefix="fetch") as pool:
        work = {step.name: pool.submit(_run, step, cache, progress) for step in steps}
    failures = [f"{name}: {error}" for name, future in work.items() if (error := future.exception())]
    if failures:
        raise FetchFailed("\n".join(failures))
    return {name: future.result() for name, future in work.items()}


def _run(step: Step, cache: Cache, progress: _Progress) -> Path:
    progress.say(step.name, "begins")
    try:
        path = step.run(cache, lambda doing: progress.say(step.name, doing))
    except BaseException:
        progress.say(step.name, "failed", done=True)
        raise
    progress.say(step.name, "ready", done=True)
    return path
