"""The custodian: decides by the table, records the decision, and only then gives a key out or destroys it."""

from typing import Protocol

import structlog

from vantage.clock import Clock
from vantage.contracts import AuditRecord
from vantage.key_ids import is_key_id
from vantage_keys import metrics
from vantage_keys.domain.records import UNKNOWN, allowed, denied, destroyed
from vantage_keys.domain.rights import Caller, Deed, destroyable_from_us
from vantage_keys.errors import Gone, NoSuchKey, NotAKey, NotAllowed, TooEarly, Unrecorded

_log = structlog.get_logger()


class Keys(Protocol):
    """Where the keys lie."""

    def get(self, key_id: str) -> bytes | None:
        """The key, or None where it was never made. Raises Gone, KeyDamaged."""
        ...

    def make(self, key_id: str) -> bytes:
        """The key, made unless it is there. Raises Gone."""
        ...

    def destroy(self, key_id: str) -> None:
        """Destroy it, or see to it that there never will be one."""
        ...


class Records(Protocol):
    """Where decisions are recorded."""

    def record(self, record: AuditRecord, *, wait: bool) -> None:
        """Keep a record; with `wait` the log itself has it. Raises Unrecorded."""
        ...

    def refusal(self, record: AuditRecord) -> None:
        """Keep the record of a no."""
        ...


class Custodian:
    """What a caller may ask for. Safe to use from several threads. Every method may raise Refused."""

    def __init__(self, keys: Keys, records: Records, clock: Clock) -> None:
        self._keys = keys
        self._records = records
        self._clock = clock

    def use(self, caller: Caller, key_id: str, *, make: bool) -> bytes:
        """A key, for its use; made at its first where `make` says so and the caller may."""
        self._check(caller, Deed.USE, key_id)
        try:
            found = self._keys.get(key_id)
        except Gone:
            self._refuse(caller.name, Deed.USE, key_id, "it was destroyed")
            raise
        if found is None:
            found = self._make(caller, key_id, make=make)
        self._records.record(
            allowed(caller.name, Deed.USE, key_id, self._clock.now_us()), wait=not caller.records_later
        )
        return found

    def destroy(self, caller: Caller, key_id: str) -> None:
        """Destroy a key; done again it changes nothing. The record is on disk first, the receipt afterwards."""
        self._check(caller, Deed.DESTROY, key_id)
        now_us = self._clock.now_us()
        if now_us < destroyable_from_us(key_id):
            msg = f"key {key_id} encrypts a day that is not over for a day yet: destroy it later"
            self._refuse(caller.name, Deed.DESTROY, key_id, "its day is not over")
            raise TooEarly(msg)
        self._records.record(allowed(caller.name, Deed.DESTROY, key_id, now_us), wait=False)
        try:
            self._keys.destroy(key_id)
        except OSError as error:
            raise _unwritable(key_id, error) from error
        metrics.DESTROYED.inc()
        _log.info("a key was destroyed", key=key_id, caller=caller.name)
        self._records.record(destroyed(caller.name, key_id, now_us), wait=False)

    def refuse_unknown(self, deed: Deed, key_id: str) -> None:
        """Record that somebody without a caller's token asked."""
        self._refuse(UNKNOWN, deed, key_id if is_key_id(key_id) else "no key", "unknown token")

    def _make(self, caller: Caller, key_id: str, *, make: bool) -> bytes:
        if not make:
            msg = f"key {key_id} was never made: nothing is encrypted with it"
            raise NoSuchKey(msg)
        self._check(caller, Deed.MAKE, key_id)
        self._records.record(allowed(caller.name, Deed.MAKE, key_id, self._clock.now_us()), wait=False)
        try:
            return self._keys.make(key_id)
        except OSError as error:
            raise _unwritable(key_id, error) from error

    def _check(self, caller: Caller, deed: Deed, key_id: str) -> None:
        if not is_key_id(key_id):
            msg = f"{key_id[:100]!r} is no key id: ask for <bucket>-<yyyymmdd> or evidence-<hold id>"
            raise NotAKey(msg)
        if not caller.may(deed, key_id):
            self._refuse(caller.name, deed, key_id, "not in the table of rights")
            msg = f"{caller.name} may not {deed} key {key_id}"
            raise NotAllowed(msg)

    def _refuse(self, actor: str, deed: Deed, key_id: str, reason: str) -> None:
        _log.warning("a key is refused", caller=actor, deed=deed, key=key_id, reason=reason)
        self._records.refusal(denied(actor, deed, key_id, self._clock.now_us(), reason))


def _unwritable(key_id: str, error: OSError) -> Unrecorded:
    return Unrecorded(f"the folder of keys cannot be written for {key_id}: {error.strerror}; make room there")
