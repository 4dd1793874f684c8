"""The commands on holds. Each is one short transaction: the effect, its receipt, and what the decision was answered.

A hold is placed under the same lock as erasure marks rows, so each recording is either held or was marked before, and
the answer says how many were.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from psycopg import Connection

from vantage.postgres import database_errors
from vantage_storage.adapters import hold_book, hold_progress
from vantage_storage.adapters.garbage import lock_erasure
from vantage_storage.adapters.hold_book import Decided
from vantage_storage.adapters.hold_progress import Progress
from vantage_storage.adapters.hold_receipts import write_hold_receipt
from vantage_storage.domain.hold import Decision, Hold, Wish
from vantage_storage.domain.hold_rules import check_extension, check_release, placed
from vantage_storage.errors import Refused
from vantage_storage.parts import Parts

Answer = dict[str, Any]
_CONFLICT = 409
_MISSING = 404


def place(parts: Parts, decision: Decision, wish: Wish) -> tuple[Answer, bool]:
    """Place a hold; the answer, and whether this call did it. Raises Refused and DatabaseUnavailable."""

    def do(connection: Connection, now_us: int) -> tuple[str, Answer]:
        settings = parts.settings
        most_days = settings.storage_hold_days
        hold = placed(wish, decision, cell=settings.cell_id, now_us=now_us, most_days=most_days)
        hold_book.add(connection, hold)
        covered, too_late = hold_book.count_covered(connection, hold)
        figures = {"covered": str(covered), "too_late": str(too_late)}
        write_hold_receipt(connection, "hold.placed", hold, now_us, hold.authority, decision=decision, **figures)
        return hold.hold_id, {**terms(hold), "covered": covered, "too_late": too_late}

    return _once(parts, decision, {"place": asdict(wish)}, do)


def release(parts: Parts, decision: Decision, of: str) -> tuple[Answer, bool]:
    """End a hold before its time; its copies go when their locks end. As `place`."""

    def do(connection: Connection, now_us: int) -> tuple[str, Answer]:
        hold = _standing(connection, of)
        check_release(hold, decision, now_us)
        copies = hold_book.end(connection, of, now_us, decision.reason) or 0
        ended = replace(hold, ended_us=now_us, end_reason=decision.reason)
        write_hold_receipt(
            connection, "hold.released", ended, now_us, decision.reason, decision=decision, copies=str(copies)
        )
        return of, {**terms(ended), "copies": copies}

    return _once(parts, decision, {"release": of}, do)


def extend(parts: Parts, decision: Decision, of: str, ends_us: int) -> tuple[Answer, bool]:
    """Give a hold a later end. As `place`."""

    def do(connection: Connection, now_us: int) -> tuple[str, Answer]:
        hold = _standing(connection, of)
        most_days = parts.settings.storage_hold_days
        check_extension(hold, decision, ends_us, now_us=now_us, most_days=most_days)
        hold_book.extend(connection, of, ends_us)
        longer = replace(hold, ends_us=ends_us)
        was = str(hold.ends_us)
        write_hold_receipt(
            connection, "hold.extended", longer, now_us, decision.reason, decision=decision, ended_before_us=was
        )
        return of, terms(longer)

    return _once(parts, decision, {"extend": of, "ends_us": ends_us}, do)


def show(parts: Parts, of: str) -> tuple[Hold, Progress]:
    """A hold and how far its copies are. Raises Refused where there is none, and DatabaseUnavailable."""
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        hold = _known(hold_book.read(connection, of), of)
        return hold, hold_progress.read(connection, hold)


def show_page(parts: Parts, after: tuple[int, str], limit: int, *, gone: bool) -> Sequence[Hold]:
    """The next holds after (placed, id). Raises DatabaseUnavailable."""
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        return hold_book.read_page(connection, after, limit, gone=gone)


def _once(
    parts: Parts, decision: Decision, command: Answer, do: Callable[[Connection, int], tuple[str, Answer]]
) -> tuple[Answer, bool]:
    """Do a command unless its decision did it before; then answer as it was answered then."""
    asked = {**command, "by": asdict(decision)}
    with database_errors(parts.dsn), parts.pool.connection() as connection:
        lock_erasure(connection)
        before = hold_book.read_decided(connection, decision.decision_id)
        if before is not None:
            return _same(before, asked, decision.decision_id), False
        now_us = parts.clock.now_us()
        of, answer = do(connection, now_us)
        hold_book.decide(connection, decision.decision_id, Decided(of, asked, answer), now_us)
    return answer, True


def _same(before: Decided, asked: Answer, decision_id: str) -> Answer:
    if before.command != asked:
        msg = f"decision {decision_id} did something else to {before.hold_id}: send that again, or decide anew"
        raise Refused(code="decision-used", detail=msg, status=_CONFLICT)
    return before.answer


def _standing(connection: Connection, of: str) -> Hold:
    return _known(hold_book.read(connection, of, lock=True), of)


def _known(hold: Hold | None, of: str) -> Hold:
    if hold is None:
        msg = f"there is no hold {of}: GET /v1/holds lists what there is"
        raise Refused(code="no-such-hold", detail=msg, status=_MISSING)
    return hold


def terms(hold: Hold) -> Answer:
    """A hold as it is answered."""
    return {**asdict(hold), "state": hold.state}
