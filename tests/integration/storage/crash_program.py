"""Storage, or single chores of it, in a process that kills itself at a call of one of its ports. See `crash.py`.

The ports are watched from outside, so that production code knows nothing of it: the methods of the classes that talk
to the store, the event log and the database are replaced in this process alone. A call from within another call of the
same port is part of that one.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import GeneratorType
from typing import Any, Literal

import msgspec
import psycopg
from confluent_kafka import Consumer

from vantage.clock import Clock, SystemClock
from vantage.objects import S3ObjectStore
from vantage.postgres import connect_pool
from vantage.publish import Publisher
from vantage.service import Running, run_service
from vantage.stream import loop
from vantage_storage.parts import Parts
from vantage_storage.service import NAME, all_chores, bring_schema, serve
from vantage_storage.settings import RunSettings

STORE = (
    *("put", "get", "stat", "list", "delete", "delete_many", "versions", "folders", "erase_many", "lock"),
    *("locked_until", "has_versions", "ensure_bucket"),
)
BULK = ("delete_many", "erase_many")


class Point(msgspec.Struct, forbid_unknown_fields=True):
    """The `nth` call of a port whose arguments, as text, have `containing` in them."""

    call: str
    side: Literal["before", "after", "within"]
    nth: int = 1
    containing: str = ""


class Plan(msgspec.Struct, forbid_unknown_fields=True):
    """What to run: the named chores' rounds one after the other, or without any the whole of storage."""

    chores: list[str] = []
    rounds: int = 1
    now_us: int | None = None
    point: Point | None = None


def _port(call: str) -> str:
    return call.partition(".")[0]


class Crash:
    """Counts the calls that the point means, and ends the process at the one it names."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._seen = 0
        self._lock = threading.Lock()
        self._inside = threading.local()

    def is_here(self, call: str, text: str) -> bool:
        """Whether this is the call, which is counted."""
        inside: set[str] = getattr(self._inside, "ports", set())
        if call != self._point.call or self._point.containing not in text or _port(call) in inside:
            return False
        with self._lock:
            self._seen += 1
            return self._seen == self._point.nth

    def around(self, call: str, text: str, do: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        """Make the call, and die before, after or within it where it is the one."""
        here, side = self.is_here(call, text), self._point.side
        if here and side == "before":
            self._die()
        if here and side == "within":
            if half is None:
                sys.exit(f"{call} cannot be cut in two: only {BULK} can")
            half()
            self._die()
        with self._within(_port(call)):
            result = do()
        if not here:
            return result
        if isinstance(result, GeneratorType):
            return self._until_used_up(result)
        return self._die()

    def _until_used_up(self, found: Iterator[Any]) -> Iterator[Any]:
        yield from found
        self._die()

    @contextmanager
    def _within(self, port: str) -> Iterator[None]:
        ports: set[str] = self._inside.__dict__.setdefault("ports", set())
        first = port not in ports
        ports.add(port)
        try:
            yield
        finally:
            if first:
                ports.discard(port)

    def _die(self) -> None:
        os.write(2, f"crash point reached: {self._point}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def watch(owner: type[Any], port: str, method: str, crash: Crash) -> None:
    """Put the crash around a method of a class."""
    original = getattr(owner, method)

    @wraps(original)
    def watched(self: Any, *args: Any, **named: Any) -> Any:
        def half() -> Any:
            bucket, all_of_them = args[0], list(args[1])
            return original(self, bucket, all_of_them[: (len(all_of_them) + 1) // 2], **named)

        def do() -> Any:
            return original(self, *args, **named)

        return crash.around(f"{port}.{method}", repr((args, named)), do, half if method in BULK else None)

    setattr(owner, method, watched)


def watch_database(crash: Crash) -> None:
    """Put the crash around statements and commits. A commit's text is that of its transaction's statements."""
    said: dict[int, list[str]] = {}

    def note(connection: psycopg.Connection[Any], statement: Any) -> str:
        composed = statement.as_string(connection) if hasattr(statement, "as_string") else statement
        text = composed.decode() if isinstance(composed, bytes) else str(composed)
        said.setdefault(id(connection), []).append(text)
        return text

    for method in ("execute", "executemany"):
        _watch_statements(method, note, crash)
    copy = psycopg.Cursor.copy

    @contextmanager
    def watched_copy(self: psycopg.Cursor[Any], statement: Any, *args: Any, **named: Any) -> Iterator[Any]:
        here, side = crash.is_here("database.copy", note(self.connection, statement)), crash._point.side
        if here and side == "before":
            crash._die()
        with copy(self, statement, *args, **named) as copied:
            yield copied
        if here:
            crash._die()

    commit, leave = psycopg.Connection.commit, psycopg.Transaction.__exit__
    rollback = psycopg.Connection.rollback

    def watched_commit(self: psycopg.Connection[Any]) -> None:
        crash.around("database.commit", "\n".join(said.pop(id(self), [])), lambda: commit(self))

    def watched_rollback(self: psycopg.Connection[Any]) -> None:
        said.pop(id(self), None)
        rollback(self)

    def watched_leave(self: psycopg.Transaction, kind: Any, error: Any, trace: Any) -> Any:
        if kind is not None or not self._outer_transaction:
            return leave(self, kind, error, trace)
        text = "\n".join(said.pop(id(self.connection), []))
        return crash.around("database.commit", text, lambda: leave(self, kind, error, trace))

    psycopg.Cursor.copy = watched_copy  # type: ignore[method-assign]
    psycopg.Connection.commit = watched_commit  # type: ignore[method-assign]
    psycopg.Connection.rollback = watched_rollback  # type: ignore[method-assign]
    psycopg.Transaction.__exit__ = watched_leave  # type: ignore[method-assign]


def _watch_statements(method: str, note: Callable[[Any, Any], str], crash: Crash) -> None:
    original = getattr(psycopg.Cursor, method)

    def watched(self: psycopg.Cursor[Any], statement: Any, *args: Any, **named: Any) -> Any:
        text = note(self.connection, statement)
        return crash.around(f"database.{method}", text, lambda: original(self, statement, *args, **named))

    setattr(psycopg.Cursor, method, watched)


class WatchedConsumer(Consumer):
    """The event log's consumer; its commits are a point as well."""

    crash: Crash

    def commit(self, *args: Any, **named: Any) -> Any:
        """Commit offsets."""
        return self.crash.around(
            "log.commit", repr((args, named)), lambda: super(WatchedConsumer, self).commit(*args, **named)
        )


def watch_all(crash: Crash) -> None:
    """Put the crash around every port."""
    for method in STORE:
        watch(S3ObjectStore, "store", method, crash)
    for method in ("publish", "flush"):
        watch(Publisher, "publisher", method, crash)
    watch_database(crash)
    WatchedConsumer.crash = crash
    setattr(loop, "Consumer", WatchedConsumer)  # noqa: B010  # the module does not export what it imports


class MovedClock(SystemClock):
    """A clock that began at a time of the test's choice, and goes on from there."""

    def __init__(self, now_us: int) -> None:
        self._start_us = now_us - time.monotonic_ns() // 1000

    def now_us(self) -> int:
        """UTC microseconds, as the test has it."""
        return self._start_us + time.monotonic_ns() // 1000


def run_chores(plan: Plan, settings: RunSettings, running: Running, clock: Clock) -> None:
    """Do the rounds in this thread, as the chores' threads would; what may be tried again ends it with 69."""
    bring_schema(settings)
    dsn = settings.postgres_dsn.get_secret_value()
    publisher, store = Publisher.from_settings(settings, NAME), S3ObjectStore.from_settings(settings)
    with connect_pool(dsn, application="storage-rounds", max_size=8, timeout_s=3) as pool:
        parts = Parts(settings, running, clock, store, publisher, pool, dsn)
        known = {one.name: one for one in all_chores(parts)}
        for name in plan.chores * plan.rounds:
            known[name].work()


def main() -> None:
    """Run the plan that is given as JSON."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    clock = SystemClock() if plan.now_us is None else MovedClock(plan.now_us)
    if plan.point is not None:
        watch_all(Crash(plan.point))

    def work(settings: RunSettings, running: Running) -> None:
        if plan.chores:
            run_chores(plan, settings, running, clock)
        else:
            serve(settings, running, clock, S3ObjectStore.from_settings(settings))

    run_service(NAME, RunSettings, work)


if __name__ == "__main__":
    main()
