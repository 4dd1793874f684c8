"""What storage does by itself, each in a thread of its own and at one replica at a time.

The replica that holds an advisory lock of the database does the chores; when it dies, its connection ends and another
takes over. A chore must bear being done by two for a moment, and being cut off at any point.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
import structlog

from vantage.errors import Retryable
from vantage.postgres import database_errors
from vantage.service import Running
from vantage_storage import metrics

_log = structlog.get_logger()
_TAKE_LEAD = "select pg_try_advisory_lock(hashtextextended('vantage.storage.chores', 0))"
_LOOK_S = 2.0
_CONNECT_S = 5
_END_S = 8.0


@dataclass(frozen=True)
class Chore:
    """One kind of work: done `every_s` seconds, sooner after a Retryable. `work` returns within seconds of a stop."""

    name: str
    every_s: float
    work: Callable[[], None]


class Chores:
    """The threads of one replica."""

    def __init__(self, dsn: str, chores: Sequence[Chore], running: Running) -> None:
        self._dsn = dsn
        self._running = running
        self._leads = threading.Event()
        self._threads = [threading.Thread(target=self._lead, name="chores-lead", daemon=True)]
        self._threads += [threading.Thread(target=self._do, args=(one,), name=one.name, daemon=True) for one in chores]

    def start(self) -> None:
        """Begin to look for the lead."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the threads after a stop; one that hangs does not hold up the end of the process."""
        for thread in self._threads:
            thread.join(_END_S)

    def _lead(self) -> None:
        """Hold the lock for as long as its connection lives."""
        stop = self._running.stop
        while not stop.is_set():
            try:
                with database_errors(self._dsn), psycopg.connect(self._dsn, connect_timeout=_CONNECT_S) as connection:
                    connection.autocommit = True
                    self._hold(connection)
            except Retryable as error:
                _log.warning("chores wait for PostgreSQL", reason=str(error))
            finally:
                self._leads.clear()
            stop.wait(_LOOK_S)

    def _hold(self, connection: psycopg.Connection) -> None:
        while not self._running.stop.is_set():
            row = connection.execute("select 1" if self._leads.is_set() else _TAKE_LEAD).fetchone()
            if row and row[0] and not self._leads.is_set():
                _log.info("this replica does the chores")
                self._leads.set()
            self._running.stop.wait(_LOOK_S)

    def _do(self, chore: Chore) -> None:
        stop, failed = self._running.stop, False
        while not stop.is_set():
            if not self._leads.wait(_LOOK_S):
                continue
            try:
                with metrics.CHORE_SECONDS.labels(chore.name).time():
                    chore.work()
            except Retryable as error:
                failed = True
                metrics.CHORE_FAILURES.labels(chore.name).inc()
                _log.warning("a chore waits", chore=chore.name, reason=str(error))
                stop.wait(min(chore.every_s, _LOOK_S))
            except Exception:  # noqa: BLE001  # one chore's fault must not end the others
                failed = True
                metrics.CHORE_FAILURES.labels(chore.name).inc()
                _log.exception("a chore failed; it is tried again", chore=chore.name)
                stop.wait(chore.every_s)
            else:
                if failed:
                    _log.info("a chore goes on", chore=chore.name)
                failed = False
                stop.wait(chore.every_s)
