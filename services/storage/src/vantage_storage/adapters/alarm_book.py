"""The alerts of the ledger in PostgreSQL: an outbox, so that each step is told again until it is known to be told."""

from collections import defaultdict
from collections.abc import Sequence

from psycopg_pool import ConnectionPool

from vantage.postgres import database_errors
from vantage_storage.domain.alarm import Alarm, reconcile
from vantage_storage.domain.ledger import UNEXPLAINED
from vantage_storage.domain.spans import Span, union

_HOLES = f"select camera_id, start_us, end_us from storage.gaps where cause = '{UNEXPLAINED}'"  # noqa: S608  # indexed
_COLUMNS = "alert_id, camera_id, start_us, end_us, peak_us, closed"
_STANDING = f"select {_COLUMNS} from storage.ledger_alerts where not closed"  # noqa: S608  # names of its own
_SET = """
    insert into storage.ledger_alerts as kept (alert_id, camera_id, start_us, end_us, peak_us, closed)
    values (%s, %s, %s, %s, %s, %s)
    on conflict (alert_id) do update
        set end_us = excluded.end_us, peak_us = excluded.peak_us, closed = excluded.closed where not kept.closed
"""
_UNTOLD = f"""
    select {_COLUMNS}, told from storage.ledger_alerts where told = 0 or (closed and told = 1)
    order by start_us limit %s
"""  # noqa: S608
_AT_ONCE = 1000


class AlarmBook:
    """Every call may raise DatabaseUnavailable."""

    def __init__(self, pool: ConnectionPool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn

    def reconcile(self) -> None:
        """Bring the alerts to what the gaps are now."""
        with database_errors(self._dsn), self._pool.connection() as connection, connection.cursor() as cursor:
            holes: dict[str, list[Span]] = defaultdict(list)
            for camera_id, start, end in cursor.execute(_HOLES):
                holes[camera_id].append((start, end))
            standing = [Alarm(*row) for row in cursor.execute(_STANDING)]
            changed = reconcile(standing, {camera_id: union(spans) for camera_id, spans in holes.items()})
            rows = [(one.alert_id, one.camera_id, one.start, one.end, one.peak_us, one.closed) for one in changed]
            cursor.executemany(_SET, rows)

    def untold(self) -> list[tuple[Alarm, int]]:
        """Alarms of which the last step is not known to be told, and how many are."""
        with database_errors(self._dsn), self._pool.connection() as connection:
            return [(Alarm(*row[:-1]), row[-1]) for row in connection.execute(_UNTOLD, [_AT_ONCE])]

    def told(self, alarms: Sequence[Alarm]) -> None:
        """They are told as they stand here."""
        with database_errors(self._dsn), self._pool.connection() as connection, connection.cursor() as cursor:
            steps = [(2 if one.closed else 1, one.alert_id) for one in alarms]
            cursor.executemany("update storage.ledger_alerts set told = %s where alert_id = %s", steps)
