"""Records on their way to `audit.v1`: on disk before anything follows from them, in the log as soon as it takes them.

A record is a file of its own name, so one that is said twice is one file, and a kill loses none. Who waits is told
when the log has it; while the log is known to be away, nobody waits for it, so that readers do not hold up ingest.
"""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from vantage.contracts import AuditRecord, decode, encode
from vantage.contracts import Message as Contract
from vantage.contracts.codec import Undecodable
from vantage.errors import VantageError
from vantage_keys import metrics
from vantage_keys.adapters.durable import BESIDE, write_new
from vantage_keys.errors import Unrecorded

_log = structlog.get_logger()
TOPIC = "audit.v1"
_BATCH = 200
_IDLE_S = 1.0
_AGAIN_S = 2.0
_REMEMBERED = 50_000  # ids of 36 bytes; when they are full they are said anew, which changes nothing
_REFUSALS = 10_000  # that may wait; what is allowed is never left out


class Publishes(Protocol):
    """The part of `vantage.publish.Publisher` that is used."""

    def publish(self, topic: str, message: Contract) -> None:
        """Queue a message."""

    def flush(self, timeout: float) -> None:
        """Wait until what was queued is delivered."""


class Trail:
    """The journal, and the thread that empties it. Replicas that share a folder share the journal."""

    def __init__(self, folder: Path, publisher: Publishes, patience_s: float) -> None:
        self._folder = folder
        self._publisher = publisher
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._pending: set[str] = set()
        self._told: set[str] = set()
        self._trouble = ""
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name="keys-trail", daemon=True)

    def record(self, record: AuditRecord, *, wait: bool) -> None:
        """Keep a record, and with `wait` return only when the log has it. Raises Unrecorded."""
        name = record.record_id
        if name in self._told:
            return
        if name not in self._pending:
            self._journal(record)
        if wait:
            self._wait(name)

    def refusal(self, record: AuditRecord) -> None:
        """Keep the record of a no, which needs none to be one."""
        if len(self._pending) >= _REFUSALS:
            metrics.DROPPED.inc()
            return
        try:
            self.record(record, wait=False)
        except Unrecorded as error:
            metrics.DROPPED.inc()
            _log.error("a refusal is not recorded", resource=record.resource, actor=record.actor, reason=str(error))

    def start(self) -> None:
        """Begin to write; what an earlier process left goes first."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.thread.start()

    def stop(self) -> None:
        """Tell what waits, and end; what the log does not take stays on disk for the next start."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self.thread.join(2 * self._patience_s)

    def _journal(self, record: AuditRecord) -> None:
        try:
            write_new(self._folder / record.record_id, encode(record))
        except OSError as error:
            msg = f"the journal {self._folder} cannot be written: {error.strerror}; make room there"
            raise Unrecorded(msg) from error
        with self._changed:
            if record.record_id not in self._told:  # as quick as that
                self._pending.add(record.record_id)
            self._changed.notify_all()

    def _wait(self, name: str) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: name in self._told or self._trouble, self._patience_s)
            if name in self._told:
                return
            reason = self._trouble if done else f"it took more than {self._patience_s:g} s"
        msg = f"the audit log does not take the record of this use, and without one nobody may look: {reason}"
        raise Unrecorded(msg)

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._round():
                with self._changed:
                    self._changed.wait_for(lambda: bool(self._pending) or self._stop.is_set(), _IDLE_S)
        if not self._trouble:
            self._round()

    def _round(self) -> bool:
        """Tell the log what waits, a batch at most; whether anything did."""
        with self._changed:
            pending = frozenset(self._pending)
        names = [path.name for path in self._folder.iterdir() if not path.name.startswith(BESIDE)]
        metrics.JOURNAL.set(len(names))
        self._settle(told=pending.difference(names), trouble=self._trouble)  # another replica told them
        if names:
            self._tell(names[:_BATCH])
        return bool(names)

    def _tell(self, names: Sequence[str]) -> None:
        try:
            for name in names:
                self._publish(self._folder / name)
            self._publisher.flush(self._patience_s)
        except VantageError as error:
            if not self._trouble:
                _log.error("uses of keys wait to be recorded; nobody but ingest is given one", reason=str(error))
            self._settle(trouble=str(error))
            self._stop.wait(_AGAIN_S)
        else:
            if self._trouble:
                _log.info("uses of keys are recorded again")
            for name in names:
                (self._folder / name).unlink(missing_ok=True)
            self._settle(told=names)

    def _publish(self, path: Path) -> None:
        try:
            self._publisher.publish(TOPIC, decode(TOPIC, path.read_bytes()))
        except FileNotFoundError:
            return
        except Undecodable as error:
            _log.error("a record in the journal is damaged; it is set aside", reason=str(error))
            path.rename(path.with_name(f"{BESIDE}damaged-{path.name}"))

    def _settle(self, *, told: Iterable[str] = (), trouble: str = "") -> None:
        with self._changed:
            if len(self._told) > _REMEMBERED:
                self._told.clear()
            self._told.update(told)
            self._pending.difference_update(told)
            self._trouble = trouble
            self._changed.notify_all()
