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
from vantage_storage.adapters.evidence_book import BEGINNING, Copy
from vantage_storage.adapters.evidence_receipts import account_for_copies, write_refused
from vantage_storage.adapters.vault import Outcome, Vault
from vantage_storage.chores import Chore
from vantage_storage.domain.day import DAY_US
from vantage_storage.parts import Parts

_log = structlog.get_logger()
_EVERY_S = 10.0
_THREADS = 4
_PAGE = 40
_NEW = 1000
_MOST_NEW = 20_000  # a round, so that what comes first is stored before all has a row
_RETRY_US = 3_600_000_000


def evidence_chores(parts: Parts) -> list[Chore]:
    """What copies what is held."""
    return [Chore("evidence", _EVERY_S, lambda: copy_round(parts))]


def vault_of(parts: Parts) -> Vault:
    """The bucket `evidence` as the settings want it locked."""
    return Vault(parts.store, parts.clock, round(parts.settings.storage_lock_days * DAY_US))


def copy_round(parts: Parts) -> None:
    """Copy what is held and not copied. Raises a Retryable, after which what was done stays done."""
    with database_errors(parts.dsn):
        new = _claim_new(parts)
        vault, after, is_first = vault_of(parts), BEGINNING, True
        while not parts.running.stop.is_set():
            now_us = parts.clock.now_us()
            with parts.pool.connection() as connection:
                copies = evidence_book.claim(connection, after, now_us, now_us - _RETRY_US, _PAGE)
            if not copies:
                return
            if is_first:
                vault.prepare()
            _write_all(parts, vault, copies, new)
            after, is_first = copies[-1].key, False


def _claim_new(parts: Parts) -> set[tuple[str, str, int, int]]:
    """Make rows for what is newly held; nothing of theirs can be in the store yet."""
    new: set[tuple[str, str, int, int]] = set()
    while len(new) < _MOST_NEW and not parts.running.stop.is_set():
        with parts.pool.connection() as connection:
            made = evidence_book.claim_new(connection, parts.clock.now_us(), _NEW)
        new |= made
        if len(made) < _NEW:
            break
    return new


def _write_all(parts: Parts, vault: Vault, copies: Sequence[Copy], new: set[tuple[str, str, int, int]]) -> None:
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
