"""`vantage-storage fsck`: whether index, objects, evidence, receipts and the event log say the same.

It reads, and is safe beside a running storage. Repair is no code of its own: it does a round of the chores that would
have prevented what was found, each of which may be done by two at once and cut off anywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from vantage.postgres import database_errors
from vantage_storage import fsck_books_check
from vantage_storage.adapters import fsck_books, fsck_copies, fsck_rows
from vantage_storage.adapters.fsck_books import Result
from vantage_storage.chores import Chore
from vantage_storage.domain.disagreement import Disagreement
from vantage_storage.domain.fsck import Times
from vantage_storage.domain.sample import Sample
from vantage_storage.errors import Stopped
from vantage_storage.evidence import refuse
from vantage_storage.fsck_evidence import EvidenceCheck
from vantage_storage.fsck_findings import Findings, Scope, Tell
from vantage_storage.fsck_footage import FootageCheck
from vantage_storage.fsck_sample import Reader
from vantage_storage.parts import Parts
from vantage_storage.rules import Rules

_log = structlog.get_logger()
_KEEP_US = 400 * 86_400_000_000


@dataclass(frozen=True)
class Wanted:
    """What is to be checked. `grace_us` is how old an object must be to need a row; what was on its way out at the
    start and is so `patience_s` later is left there. `draw` makes the sample of what is read whole.
    """

    scope: Scope
    draw: Callable[[], Sample]
    seed: str
    grace_us: int
    patience_s: float


def check(parts: Parts, wanted: Wanted, tell: Tell) -> tuple[Result, Findings]:
    """Look at everything, tell each disagreement when two looks saw it, and keep the result.

    Raises StoreUnavailable, StoreRefused, DatabaseUnavailable, BrokerUnavailable and Stopped.
    """
    findings = Findings(tell)
    with database_errors(parts.dsn):
        result = _check(parts, wanted, findings)
        with parts.pool.connection() as connection:
            now_us = parts.clock.now_us()
            fsck_books.write(connection, result, now_us, now_us - _KEEP_US)
    return result, findings


def repair(parts: Parts, findings: Findings, chores: Sequence[Chore]) -> list[str]:
    """Do a round of the chores that mend what was found; their names. Raises a Retryable."""
    _let_copy_again(parts, findings)
    known = {one.name: one for one in chores}
    for name in findings.chores:
        _log.info("repair by a round of a chore", chore=name)
        known[name].work()
    return findings.chores


def _let_copy_again(parts: Parts, findings: Findings) -> None:
    """Note of copies that are gone that there are none: what of footage is there is protected, and copied anew."""
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        for hold_id, key in findings.lost_copies:
            if (copy := fsck_copies.stored(connection, hold_id, key)) is not None:
                refuse(connection, copy, "its copy is gone from the store, a check says", parts.clock.now_us())
                fsck_copies.try_at_once(connection, copy)


def _check(parts: Parts, wanted: Wanted, findings: Findings) -> Result:
    rules, began_us, began = Rules.read(parts), parts.clock.now_us(), parts.clock.monotonic()
    times, reader = Times(began_us, wanted.grace_us), Reader(parts, wanted.draw(), findings)
    with parts.pool.connection() as connection:
        before = fsck_rows.unfinished(connection)
    FootageCheck(parts, wanted.scope, rules.history, times, findings, reader).run()
    EvidenceCheck(parts, wanted.scope, times, findings, reader).run()
    reader.read_rest()
    if wanted.scope.whole:
        findings.found(fsck_books_check.disagreements(parts, rules))
    if before.recordings or before.leftovers:
        parts.running.stop.wait(max(0.0, began + wanted.patience_s - parts.clock.monotonic()))
        _name_unfinished(parts, wanted.scope, before, findings)
    if parts.running.stop.is_set():
        msg = "the check was told to stop before its end: start it again"
        raise Stopped(msg)
    result = Result(began_us, wanted.seed, wanted.scope.whole)
    result.counts |= findings.counts
    result.disagreements = dict(sorted(findings.kinds.items()))
    return result


def _name_unfinished(parts: Parts, scope: Scope, before: fsck_rows.Unfinished, findings: Findings) -> None:
    with parts.pool.connection() as connection:
        left = fsck_rows.still_unfinished(connection, before)
    marked = [Disagreement("garbage-row-left", *one) for one in left.recordings if scope.has_camera(one[0])]
    noted = [Disagreement("leftover-noted", "", f"{bucket}/{key}", ver) for bucket, key, ver in left.leftovers]
    findings.found([*marked, *(noted if scope.whole else [])])
