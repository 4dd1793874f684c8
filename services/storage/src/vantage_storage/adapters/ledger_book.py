"""The ledger in PostgreSQL: what a day's accounts are made of, and the accounts. One query of each kind a day."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from vantage.postgres import database_errors
from vantage_storage.domain.day import bounds_us
from vantage_storage.domain.ledger import Account, Cause, Evidence, Gap, State
from vantage_storage.domain.spans import Span
from vantage_storage.domain.witness import SILENCE_US, Told, as_causes

_STATES = "select camera_id, changed_us, state, authority_expires_us from storage.camera_states where changed_us < %s"
_RECORDED = """
    select camera_id, lower(span), upper(span) from storage.ledger_recorded cross join lateral unnest(spans) as span
    where day = %s
"""
_CAUSES = """
    select camera_id, kind, start_us, end_us, cause, detail from storage.ledger_causes
    where end_us > %s and start_us < %s
"""
_STATUSES = """
    select camera_id, since_us, heard_us, state, cause from storage.camera_statuses
    where heard_us > %s and since_us < %s
"""
_GAPS = "select camera_id, start_us, end_us, cause, detail, owed from storage.gaps where day = %s order by start_us"
_SET_DAY = """
    insert into storage.ledger_days as kept
        (camera_id, day, owed_us, recorded_us, explained_us, unexplained_us, pending_us, judged_us)
    select * from unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                         %s::bigint[])
    on conflict (camera_id, day) do update
        set owed_us = excluded.owed_us, recorded_us = excluded.recorded_us, explained_us = excluded.explained_us,
            unexplained_us = excluded.unexplained_us, pending_us = excluded.pending_us, judged_us = excluded.judged_us
"""
_ADD_GAPS = """
    insert into storage.gaps (camera_id, day, start_us, end_us, cause, detail, owed) values (%s, %s, %s, %s, %s, %s, %s)
    on conflict do nothing
"""
_FORGET = (
    "delete from storage.ledger_days where day < %(day)s",
    "delete from storage.gaps where day < %(day)s",
    "delete from storage.ledger_recorded where day < %(day)s",
    "delete from storage.ledger_causes where end_us < %(low)s",
    "delete from storage.camera_statuses where heard_us < %(low)s",
    "delete from storage.camera_epochs where heard_us < %(heard)s",
    """
    delete from storage.camera_states as state where exists (
        select from storage.camera_states as later
        where later.camera_id = state.camera_id and later.changed_us > state.changed_us and later.changed_us < %(low)s
    )
    """,
    "delete from storage.ledger_alerts where closed and told = 2 and end_us < %(low)s",
)
_KINDS = ("lost", "announced", "status", "before")  # from the best witness to the worst


@dataclass(frozen=True)
class Queue:
    """Days that are to be counted again: by day the cameras; `change_ids` are done with when that is done."""

    days: Mapping[int, set[str]]
    change_ids: Sequence[int]


class LedgerBook:
    """Every call may raise DatabaseUnavailable."""

    def __init__(self, pool: ConnectionPool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn

    def newest(self, since_day: int) -> int | None:
        """Until when any camera is recorded (UTC microseconds), among the days from that one on."""
        query = "select max(upper(spans)) from storage.ledger_recorded where day >= %s"
        return self._one(query, [since_day])

    def last_day(self) -> int | None:
        """The last day that was counted."""
        return self._one("select max(day) from storage.ledger_days", [])

    def queue(self, today: int, most: int = 100_000) -> Queue:
        """What was changed since it was counted, and past days that could not be judged to their end."""
        changes = "select change_id, camera_id, day from storage.ledger_changes order by change_id limit %s"
        unjudged = """
            select camera_id, day from storage.ledger_days
            where day between %(today)s - 40 and %(today)s - 1 and judged_us < (day + 1) * 86400000000
        """
        days: dict[int, set[str]] = defaultdict(set)
        with database_errors(self._dsn), self._pool.connection() as connection:
            found = connection.execute(changes, [most]).fetchall()
            for camera_id, day in [row[1:] for row in found] + connection.execute(
                unjudged, {"today": today}
            ).fetchall():
                days[day].add(camera_id)
        return Queue(days, [row[0] for row in found])

    def done(self, queue: Queue) -> None:
        """The queue's changes are counted."""
        with database_errors(self._dsn), self._pool.connection() as connection:
            connection.execute("delete from storage.ledger_changes where change_id = any(%s)", [list(queue.change_ids)])

    def evidence(self, day: int) -> dict[str, Evidence]:
        """What is known of each camera's day."""
        low, high = bounds_us(day)
        with database_errors(self._dsn), self._pool.connection() as connection:
            states = _grouped(connection.execute(_STATES, [high]), State)
            recorded: dict[str, list[Span]] = _grouped(connection.execute(_RECORDED, [day]), lambda *span: span)
            told = _grouped(connection.execute(_STATUSES, [low - SILENCE_US, high]), Told)
            causes: dict[str, dict[str, list[Cause]]] = defaultdict(lambda: {kind: [] for kind in _KINDS})
            for camera_id, kind, *fields in connection.execute(_CAUSES, [low, high]):
                causes[camera_id][kind].append(Cause(*fields))
        for camera_id, statuses in told.items():
            causes[camera_id]["status"] = as_causes(statuses)
        none: dict[str, list[Cause]] = {}
        return {
            camera_id: Evidence(
                states.get(camera_id, ()),
                recorded.get(camera_id, ()),
                list(causes.get(camera_id, none).values()),
            )
            for camera_id in states.keys() | recorded.keys()
        }

    def write(self, day: int, accounts: Mapping[str, Account], judged_us: int) -> None:
        """The accounts of a day, as far as they were judged. Only gaps that are others than before are written."""
        with database_errors(self._dsn), self._pool.connection() as connection:
            known = _grouped(connection.execute(_GAPS, [day]), Gap)
            changed = [camera_id for camera_id, one in accounts.items() if known.get(camera_id, []) != one.gaps]
            rows = [
                (camera_id, day, one.owed_us, one.recorded_us, one.explained_us, one.unexplained_us, one.pending_us)
                for camera_id, one in sorted(accounts.items())
            ]
            columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 7
            connection.execute(_SET_DAY, [*columns, [judged_us] * len(rows)])
            _replace_gaps(connection, day, changed, accounts)

    def figures(self, today: int, days: int) -> tuple[int, int, int]:
        """Owed and recorded of a day, and unexplained in so many days up to it, over all cameras, microseconds."""
        query = """
            select coalesce(sum(owed_us) filter (where day = %(today)s), 0)::bigint,
                   coalesce(sum(recorded_us) filter (where day = %(today)s), 0)::bigint,
                   coalesce(sum(unexplained_us), 0)::bigint
            from storage.ledger_days where day > %(today)s - %(days)s
        """
        with database_errors(self._dsn), self._pool.connection() as connection:
            row = connection.execute(query, {"today": today, "days": days}).fetchone()
        return row or (0, 0, 0)

    def forget(self, before_day: int, epochs_before_us: int) -> None:
        """Let go of days before that one, and of what they were counted from; of ownerships not heard of since then."""
        low, _ = bounds_us(before_day)
        with database_errors(self._dsn), self._pool.connection() as connection:
            for statement in _FORGET:
                connection.execute(statement, {"day": before_day, "low": low, "heard": epochs_before_us})

    def _one(self, query: str, arguments: list[object]) -> int | None:
        with database_errors(self._dsn), self._pool.connection() as connection:
            row = connection.execute(query.encode(), arguments).fetchone()
        return row[0] if row else None


def _replace_gaps(connection: Connection, day: int, cameras: Collection[str], accounts: Mapping[str, Account]) -> None:
    if not cameras:
        return
    connection.execute("delete from storage.gaps where day = %s and camera_id = any(%s)", [day, list(cameras)])
    with connection.cursor() as cursor:
        cursor.executemany(
            _ADD_GAPS,
            [
                (camera_id, day, gap.start, gap.end, gap.cause, gap.detail, gap.owed)
                for camera_id in cameras
                for gap in accounts[camera_id].gaps
            ],
        )


def _grouped(rows: Iterable[tuple[Any, ...]], make: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for camera_id, *fields in rows:
        found[camera_id].append(make(*fields))
    return dict(found)
