"""The chore that copies what is held to `evidence`. `docs/design/storage.md` numbers its crash points.

A copy's row is there before its first byte, so whatever is cut off, the row says where to look; the row is stored when
the store has said version, size and lock. Until then the original does not go.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from psycopg import Connection

from vantage.objects import Version
from vantage.postgres import database_errors
from vantage_storage import metrics
from vantage_storage.adapters import evidence_book, evidence_garbage
from vantage_storage.adapters.evidence_book import BEGINNING, Copy, Key
from vantage_storage.adapters.evidence_receipts import account_for_copies, write_refused
from vantage_storage.adapters.vault import Outcome, Vault
from vantage_storage.chores import Chore
from vantage_storage.domain.day import DAY_US
from vantage_storage.newly_held import NewlyHeld
from vantage_storage.parts import Parts

_log = structlog.get_logger()
_EVERY_S = 10.0
_THREADS = 4
_PAGE = 40
_RETRY_US = 3_600_000_000


def evidence_chores(parts: Parts) -> list[Chore]:
    """What copies what is held."""
    return [Chore("evidence", _EVERY_S, Copying(parts).round)]


def vault_of(parts: Parts) -> Vault:
    """The bucket `evidence` as the settings want it locked."""
    return Vault(parts.store, parts.clock, round(parts.settings.storage_lock_days * DAY_US))


class Copying:
    """Rounds of copying."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._vault = vault_of(parts)
        self._newly_held = NewlyHeld(parts)

    def round(self) -> None:
        """Copy what is held and not copied. Raises a Retryable, after which what was done stays done."""
        with database_errors(self._parts.dsn):
            new, after = self._newly_held.claim(), BEGINNING
            while not self._parts.running.stop.is_set() and (copies := self._claim(after)):
                if after == BEGINNING:
                    self._vault.prepare()
                _write_all(self._parts, self._vault, copies, new)
                after = copies[-1].key

    def _claim(self, after: Key) -> Sequence[Copy]:
        now_us = self._parts.clock.now_us()
        with self._parts.pool.connection() as connection:
            return evidence_book.claim(connection, after, now_us, now_us - _RETRY_US, _PAGE)


def _write_all(parts: Parts, vault: Vault, copies: Sequence[Copy], new: set[Key]) -> None:
    """Write a page of copies side by side and note in one transaction what became of them."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="evidence") as threads:
        outcomes = list(threads.map(lambda one: vault.write(one, look=one.key not in new), copies))
    now_us = parts.clock.now_us()
    with parts.pool.connection() as connection:
        noted = [_note(connection, *one, now_us) for one in zip(copies, outcomes, strict=True)]
        stored = [copy for copy, is_stored in zip(copies, noted, strict=True) if is_stored]
        account_for_copies(connection, "evidence.stored", stored, now_us)


def _note(connection: Connection, copy: Copy, outcome: Outcome, now_us: int) -> bool:
    """Note what became of a copy; whether it is stored now. What is nobody's in the end is an extra version."""
    extras = list(outcome.extras)
    is_stored = False
    if outcome.failure:
        refuse(connection, copy, outcome.failure, now_us)
    else:
        is_stored = evidence_book.note_stored(connection, copy, outcome.version, outcome.locked_until_us)
        if not is_stored:
            extras.append((Version(copy.object, outcome.version), outcome.locked_until_us))
    for version, until_us in extras:
        evidence_garbage.note_extra(connection, copy.hold_id, version, until_us)
    return is_stored


def refuse(connection: Connection, copy: Copy, failure: str, now_us: int) -> None:
    """Note why there is no copy, where everybody concerned can see it."""
    if not evidence_book.note_failed(connection, copy, failure, now_us):
        return
    metrics.EVIDENCE_REFUSED.inc()
    _log.error("a recording that is held is not copied", hold=copy.hold_id, recording=copy.recording_id, why=failure)
    write_refused(connection, copy, failure, now_us)
