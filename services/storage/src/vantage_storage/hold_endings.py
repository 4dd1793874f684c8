"""The chore that lets go what is no longer held: holds end by themselves, and their copies go when their locks end.

`docs/design/storage.md` numbers its crash points. Rows are marked with their hold's end, objects are erased, rows go in
one transaction with the receipt; last of all the store is asked whether anything of the hold is left.
"""

from collections.abc import Sequence

from vantage.objects import hold_key_id
from vantage.postgres import database_errors
from vantage_storage.adapters import evidence_garbage, hold_book
from vantage_storage.adapters.evidence_book import Copy, Key
from vantage_storage.adapters.evidence_receipts import account_for_copies
from vantage_storage.adapters.hold_receipts import write_hold_receipt
from vantage_storage.adapters.vault import Vault
from vantage_storage.chores import Chore
from vantage_storage.domain.hold import Hold
from vantage_storage.evidence import vault_of
from vantage_storage.parts import Parts

_EVERY_S = 10.0
_PAGE = 1000
_WRITING_US = 600_000_000  # longer than a put takes with every retry of its page
_RETRY_US = 60_000_000
_EXPIRED = "its end was reached"


def ending_chores(parts: Parts) -> list[Chore]:
    """What lets go what is no longer held."""
    return [Chore("holds", _EVERY_S, lambda: ending_round(parts))]


def ending_round(parts: Parts) -> None:
    """End what is to end, and erase what may go. Raises a Retryable, after which what was done stays done."""
    vault = vault_of(parts)
    with database_errors(parts.dsn):
        _expire(parts)
        _destroy_keys(parts)
        _erase_copies(parts, vault)
        _erase_extras(parts, vault)
        _close(parts, vault)


def _expire(parts: Parts) -> None:
    with parts.pool.connection() as connection:
        passed = hold_book.read_passed(connection, parts.clock.now_us())
    for hold in passed:
        now_us = parts.clock.now_us()
        with parts.pool.connection() as connection:
            current = hold_book.read(connection, hold.hold_id, lock=True)
            if current is None or current.ends_us > now_us:  # it was extended meanwhile
                continue
            copies = hold_book.end(connection, hold.hold_id, now_us, _EXPIRED)
            if copies is not None:
                write_hold_receipt(connection, "hold.expired", hold, now_us, _EXPIRED, copies=str(copies))


def _destroy_keys(parts: Parts) -> None:
    """Where copies are encrypted, nobody can read them from here on, though a lock may keep their ciphertext."""
    keyring = parts.store.keyring
    if keyring is None:
        return
    for hold in _ended(parts):
        with parts.pool.connection() as connection:
            if not hold_book.has_key(connection, hold.hold_id):
                continue
        keyring.destroy(hold_key_id(hold.hold_id))
        now_us = parts.clock.now_us()
        with parts.pool.connection() as connection:
            if hold_book.note_key_destroyed(connection, hold.hold_id, now_us):
                write_hold_receipt(connection, "hold.key-destroyed", hold, now_us, hold.end_reason)


def _erase_copies(parts: Parts, vault: Vault) -> None:
    """Erase copies that are garbage and let their rows go; what a lock still keeps is tried again when it ends."""
    while not parts.running.stop.is_set():
        now_us = parts.clock.now_us()
        with parts.pool.connection() as connection:
            due = evidence_garbage.read_due(connection, now_us, now_us - _WRITING_US, _PAGE)
        if not due:
            return
        kept = set(vault.erase([one.as_version for one in due if one.version]))
        locks = {one.key: _kept_until(vault, one, now_us) for one in due if one.as_version in kept}
        _let_rows_go(parts, due, locks)


def _kept_until(vault: Vault, copy: Copy, now_us: int) -> int:
    """When a copy that a lock keeps is to be tried again."""
    return max(vault.locked_until(copy.as_version), now_us + _RETRY_US)


def _let_rows_go(parts: Parts, due: Sequence[Copy], locks: dict[Key, int]) -> None:
    with parts.pool.connection() as connection:
        deleted = evidence_garbage.delete(connection, [one for one in due if one.key not in locks])
        gone = [one for one in due if one.key in deleted]
        account_for_copies(connection, "evidence.erased", gone, parts.clock.now_us())
        for one in due:
            if one.key in locks:
                evidence_garbage.note_kept(connection, one, locks[one.key])


def _erase_extras(parts: Parts, vault: Vault) -> None:
    """Erase versions that are no copy's. No receipt: their bytes are those of a copy, which has its own."""
    while not parts.running.stop.is_set():
        now_us = parts.clock.now_us()
        with parts.pool.connection() as connection:
            due = evidence_garbage.read_extras(connection, now_us, _PAGE)
        if not due:
            return
        kept = set(vault.erase([version for _, version in due]))
        locks = {version: max(vault.locked_until(version), now_us + _RETRY_US) for version in kept}
        with parts.pool.connection() as connection:
            evidence_garbage.delete_extras(connection, [version for _, version in due if version not in kept])
            for hold_id, version in due:
                if version in kept:
                    evidence_garbage.note_extra(connection, hold_id, version, locks[version])


def _close(parts: Parts, vault: Vault) -> None:
    """Note of holds that are over that nothing is left, once the store says so as well."""
    for hold in _ended(parts):
        with parts.pool.connection() as connection:
            if evidence_garbage.is_anything_left(connection, hold.hold_id):
                continue
        left = [(one, vault.locked_until(one)) for one in vault.left(parts.settings.cell_id, hold.hold_id)]
        now_us = parts.clock.now_us()
        with parts.pool.connection() as connection:
            for version, until_us in left:
                evidence_garbage.note_extra(connection, hold.hold_id, version, until_us)
            if not left and hold_book.note_gone(connection, hold.hold_id, now_us):
                write_hold_receipt(connection, "hold.gone", hold, now_us, hold.end_reason)


def _ended(parts: Parts) -> Sequence[Hold]:
    with parts.pool.connection() as connection:
        return hold_book.read_ended(connection)
