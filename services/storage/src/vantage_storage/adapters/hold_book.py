"""Holds in PostgreSQL, and the decisions that made them what they are."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import msgspec
from psycopg import Connection

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import Hold

_COLUMNS = ", ".join(one.name for one in fields(Hold))
_ADD = f"insert into storage.holds ({_COLUMNS}) values ({', '.join(['%s'] * len(fields(Hold)))})"  # noqa: S608  # constants
_READ = f"select {_COLUMNS} from storage.holds where hold_id = %s"  # noqa: S608
_LIST = f"""
    select {_COLUMNS} from storage.holds
    where (%s or gone_us is null) and (placed_us, hold_id) > (%s, %s) order by placed_us, hold_id limit %s
"""  # noqa: S608
_STANDING = f"select {_COLUMNS} from storage.holds where ended_us is null and ends_us > %s order by placed_us"  # noqa: S608
_PASSED = f"""
    select {_COLUMNS} from storage.holds where gone_us is null and ended_us is null and ends_us <= %s order by ends_us
"""  # noqa: S608
_ENDED = f"select {_COLUMNS} from storage.holds where gone_us is null and ended_us is not null order by ended_us"  # noqa: S608
_EXTEND = "update storage.holds set ends_us = %s where hold_id = %s"
_END = "update storage.holds set ended_us = %s, end_reason = %s where hold_id = %s and ended_us is null"
_LET_GO = "update storage.evidence set state = 'garbage' where hold_id = %s and state <> 'garbage'"
_GONE = "update storage.holds set gone_us = %s where hold_id = %s and gone_us is null"
_KEY_THERE = "select key_destroyed_us is null from storage.holds where hold_id = %s"
_KEY_DESTROYED = "update storage.holds set key_destroyed_us = %s where hold_id = %s and key_destroyed_us is null"
# a recording is no longer than a day, so that only the window's own days are looked through
_COVERED = f"""
    select count(*) filter (where not garbage), count(*) filter (where garbage) from storage.recordings
    where camera_id = any(%s) and start_us < %s and start_us > %s - {DAY_US} and end_us > %s
"""  # noqa: S608
_DECIDED = "select hold_id, command, answer from storage.hold_decisions where decision_id = %s"
_DECIDE = """
    insert into storage.hold_decisions (decision_id, hold_id, command, answer, at_us) values (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Decided:
    """What a decision did: to which hold, by which command, and how that was answered."""

    hold_id: str
    command: dict[str, Any]
    answer: dict[str, Any]


def add(connection: Connection, hold: Hold) -> None:
    """Write a hold that is placed."""
    connection.execute(_ADD, [list(one) if isinstance(one, tuple) else one for one in astuple(hold)])


def read(connection: Connection, hold_id: str, *, lock: bool = False) -> Hold | None:
    """The hold; with `lock` nobody else changes it before this transaction ends."""
    row = connection.execute(_READ + (" for update" if lock else ""), [hold_id]).fetchone()
    return Hold(*row) if row else None


def read_page(connection: Connection, after: tuple[int, str], limit: int, *, gone: bool) -> Sequence[Hold]:
    """The next holds after (placed, id), the first placed first; with `gone` those too of which nothing is left."""
    return [Hold(*row) for row in connection.execute(_LIST, [gone, *after, limit]).fetchall()]


def read_standing(connection: Connection, now_us: int) -> Sequence[Hold]:
    """The holds that stand and whose end is not reached, the first placed first."""
    return [Hold(*row) for row in connection.execute(_STANDING, [now_us]).fetchall()]


def read_passed(connection: Connection, now_us: int) -> Sequence[Hold]:
    """The holds that stand though their end is reached."""
    return [Hold(*row) for row in connection.execute(_PASSED, [now_us]).fetchall()]


def read_ended(connection: Connection) -> Sequence[Hold]:
    """The holds that are over and of which something may be left."""
    return [Hold(*row) for row in connection.execute(_ENDED).fetchall()]


def extend(connection: Connection, hold_id: str, ends_us: int) -> None:
    """Give a hold a later end."""
    connection.execute(_EXTEND, [ends_us, hold_id])


def end(connection: Connection, hold_id: str, now_us: int, reason: str) -> int | None:
    """End a hold and let its copies go: how many those are, or None where it had ended before."""
    if connection.execute(_END, [now_us, reason, hold_id]).rowcount == 0:
        return None
    return connection.execute(_LET_GO, [hold_id]).rowcount


def note_gone(connection: Connection, hold_id: str, now_us: int) -> bool:
    """Note that nothing is left of a hold's copies; whether this transaction did."""
    return connection.execute(_GONE, [now_us, hold_id]).rowcount == 1


def has_key(connection: Connection, hold_id: str) -> bool:
    """Whether the hold's key is not known to be destroyed."""
    row = connection.execute(_KEY_THERE, [hold_id]).fetchone()
    return bool(row and row[0])


def note_key_destroyed(connection: Connection, hold_id: str, now_us: int) -> bool:
    """Note that the hold's key is destroyed; whether this transaction did."""
    return connection.execute(_KEY_DESTROYED, [now_us, hold_id]).rowcount == 1


def count_covered(connection: Connection, hold: Hold) -> tuple[int, int]:
    """How many recordings the hold covers now, and how many it came too late for: their objects may be gone."""
    row = connection.execute(_COVERED, [list(hold.cameras), hold.to_us, hold.from_us, hold.from_us]).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def read_decided(connection: Connection, decision_id: str) -> Decided | None:
    """What a decision did before."""
    row = connection.execute(_DECIDED, [decision_id]).fetchone()
    return Decided(*row) if row else None


def decide(connection: Connection, decision_id: str, decided: Decided, now_us: int) -> None:
    """Remember what a decision did."""
    texts = [msgspec.json.encode(part).decode() for part in (decided.command, decided.answer)]
    connection.execute(_DECIDE, [decision_id, decided.hold_id, *texts, now_us])
