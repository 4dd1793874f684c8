"""What the rescue asks of the database, and what it leaves there: recordings to be announced, and verdicts of loss."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from psycopg import Connection
from psycopg_pool import ConnectionPool

from vantage.contracts import Recording, decode, encode
from vantage.postgres import database_errors
from vantage_storage.domain.day import day_of
from vantage_storage.domain.ledger import LOST, UNEXPLAINED, State, owed
from vantage_storage.domain.orphans import Search
from vantage_storage.domain.spans import Span, difference, union
from vantage_storage.domain.witness import SILENCE_US, Told, as_causes

_EPOCHS = "select camera_id, epoch, heard_us from storage.camera_epochs where heard_us > %s"
_STATES = """
    select camera_id, changed_us, state, authority_expires_us from storage.camera_states where camera_id = any(%s)
"""
_COVERED = """
    select camera_id, lower(span), upper(span) from storage.ledger_recorded cross join lateral unnest(spans) as span
    where camera_id = any(%(cameras)s) and day between %(first)s and %(last)s
    union all
    select camera_id, start_us, end_us from storage.rescues where camera_id = any(%(cameras)s)
    union all
    select camera_id, start_us, end_us from storage.ledger_causes
    where kind = 'lost' and camera_id = any(%(cameras)s) and end_us > %(low)s
    union all
    select camera_id, from_us, to_us from storage.destructions where camera_id = any(%(cameras)s)
"""
_STATUSES = """
    select camera_id, since_us, heard_us, state, cause from storage.camera_statuses
    where camera_id = any(%s) and heard_us > %s
"""
_ADD = """
    insert into storage.rescues (recording_id, camera_id, start_us, end_us, epoch, announcement, put_us)
    values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_INDEXED = """
    delete from storage.rescues as rescue using storage.recordings as kept
    where (kept.camera_id, kept.start_us, kept.epoch) = (rescue.camera_id, rescue.start_us, rescue.epoch) and told
"""
_LOST = """
    insert into storage.ledger_causes (camera_id, start_us, end_us, kind, cause, detail)
    values (%s, %s, %s, 'lost', %s, %s) on conflict do nothing
"""
_CHANGED = """
    insert into storage.ledger_changes (camera_id, day)
    select %s, day from generate_series(%s::bigint / 86400000000, (%s::bigint - 1) / 86400000000) as day
"""
_AT_ONCE = 500
T = TypeVar("T")


class RescueBook:
    """Every call may raise DatabaseUnavailable."""

    def __init__(self, pool: ConnectionPool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn

    def epochs(self, since_us: int) -> dict[str, dict[int, int]]:
        """The epochs of each camera that were heard of since then, and when last."""
        found: dict[str, dict[int, int]] = defaultdict(dict)
        with database_errors(self._dsn), self._pool.connection() as connection:
            for camera_id, epoch, heard_us in connection.execute(_EPOCHS, [since_us]):
                found[camera_id][epoch] = heard_us
        return dict(found)

    def searches(self, cameras: Sequence[str], window: Span) -> dict[str, Search]:
        """Where each of these cameras is to be looked at; a camera without a hole is left out."""
        low, high = window
        bounds = {"cameras": list(cameras), "first": day_of(low), "last": day_of(high), "low": low}
        with database_errors(self._dsn), self._pool.connection() as connection:
            states = _grouped(connection, _STATES, [list(cameras)], State)
            covered = _grouped(connection, _COVERED, bounds, lambda *span: span)
            told = _grouped(connection, _STATUSES, [list(cameras), low - SILENCE_US], Told)
        found = {}
        for camera_id in cameras:
            there = union(covered.get(camera_id, ()))
            explained = [one for one in as_causes(told.get(camera_id, ())) if one.cause != UNEXPLAINED]
            wanted = owed(states[camera_id], window) if camera_id in states else [window]
            known = union([*there, *((one.start, one.end) for one in explained)])
            if holes := difference(wanted, known):
                found[camera_id] = Search(holes, there, explained)
        return found

    def retention_class(self, camera_id: str, at_us: int) -> str:
        """The camera's class at that time."""
        query = """
            select retention_class from storage.camera_states where camera_id = %s
            order by changed_us > %s, abs(changed_us - %s) limit 1
        """
        with database_errors(self._dsn), self._pool.connection() as connection:
            row = connection.execute(query, [camera_id, at_us, at_us]).fetchone()
        return row[0] if row else "standard"

    def stored(self, recording: Recording, put_us: int) -> None:
        """Its object is whole in the store: from now on it is announced, never built again."""
        one = recording
        row = [one.recording_id, one.camera_id, one.start, one.end, one.epoch, encode(one), put_us]
        with database_errors(self._dsn), self._pool.connection() as connection:
            connection.execute(_ADD, row)

    def untold(self) -> list[Recording]:
        """Recordings that are not known to be announced."""
        query = "select announcement from storage.rescues where not told order by put_us limit %s"
        with database_errors(self._dsn), self._pool.connection() as connection:
            rows = connection.execute(query, [_AT_ONCE]).fetchall()
        return [one for (value,) in rows if isinstance(one := decode("recordings.v1", value), Recording)]

    def told(self, recordings: Sequence[Recording]) -> None:
        """They are announced."""
        query = "update storage.rescues set told = true where recording_id = any(%s)"
        with database_errors(self._dsn), self._pool.connection() as connection:
            connection.execute(query, [[one.recording_id for one in recordings]])

    def forget_indexed(self) -> None:
        """Let go of those that the index has."""
        with database_errors(self._dsn), self._pool.connection() as connection:
            connection.execute(_INDEXED)

    def lost(self, camera_id: str, spans: Sequence[Span], detail: str) -> None:
        """Say what was lost with its node."""
        with database_errors(self._dsn), self._pool.connection() as connection:
            for start, end in spans:
                connection.execute(_LOST, [camera_id, start, end, LOST, detail])
                connection.execute(_CHANGED, [camera_id, start, end])


def _grouped(connection: Connection, query: str, arguments: Any, make: Callable[..., T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for camera_id, *fields in connection.execute(query.encode(), arguments):
        found[camera_id].append(make(*fields))
    return dict(found)
