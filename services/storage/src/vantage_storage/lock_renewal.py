"""The chore that keeps what is held locked: each lock is short, and made longer for as long as its hold stands."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from vantage.errors import ObjectMissing
from vantage.postgres import database_errors
from vantage_storage import metrics
from vantage_storage.adapters import evidence_locks
from vantage_storage.adapters.evidence_book import Copy
from vantage_storage.adapters.vault import Vault
from vantage_storage.chores import Chore
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.lock_term import renew_below_us
from vantage_storage.evidence import refuse, vault_of
from vantage_storage.parts import Parts

_EVERY_S = 60.0
_THREADS = 4
_PAGE = 200
_STATES = ("writing", "stored", "garbage")
_SECOND_US = 1_000_000


def lock_chores(parts: Parts) -> list[Chore]:
    """What keeps what is held locked."""
    return [Chore("locks", _EVERY_S, lambda: lock_round(parts))]


def lock_round(parts: Parts) -> None:
    """Make longer what is due, the lock that ends first before all others. Raises a Retryable."""
    term_us = round(parts.settings.storage_lock_days * DAY_US)
    vault, after = vault_of(parts), (-1, "")
    with database_errors(parts.dsn):
        _measure(parts, term_us)
        while not parts.running.stop.is_set():
            now_us = parts.clock.now_us()
            below_us = renew_below_us(now_us, term_us)
            with parts.pool.connection() as connection:
                copies = evidence_locks.read_short(connection, below_us, now_us, after, _PAGE)
            if not copies:
                break
            _extend_all(parts, vault, copies)
            after = (copies[-1].locked_until_us or 0, copies[-1].object)
        _measure(parts, term_us)


def _extend_all(parts: Parts, vault: Vault, copies: Sequence[Copy]) -> None:
    """Extend a page of locks side by side and note the ends; a copy that is not there is named and made again."""

    def extend(copy: Copy) -> int | ObjectMissing:
        try:
            return vault.extend(copy)
        except ObjectMissing as error:
            return error

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="locks") as threads:
        ends = list(threads.map(extend, copies))
    with parts.pool.connection() as connection:
        for copy, end in zip(copies, ends, strict=True):
            if isinstance(end, ObjectMissing):
                refuse(connection, copy, f"its copy is gone from the store: {end}", parts.clock.now_us())
            else:
                evidence_locks.note_locked(connection, copy, end)


def _measure(parts: Parts, term_us: int) -> None:
    with parts.pool.connection() as connection:
        least_us = evidence_locks.least_locked_until_us(connection)
        states = evidence_locks.count_by_state(connection)
    left_us = term_us if least_us is None else least_us - parts.clock.now_us()
    metrics.EVIDENCE_LOCK.set(left_us / _SECOND_US)
    for state in _STATES:
        metrics.EVIDENCE_COPIES.labels(state).set(states.get(state, 0))
