"""What cameras were told to be, and how they were, in PostgreSQL: written together with the place in the event log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from psycopg_pool import ConnectionPool

from vantage.contracts import Camera, CameraStatus
from vantage.postgres import database_errors

_MOST = 2**63 - 1  # a bigint's
_STATE = """
    insert into storage.camera_states as kept
        (camera_id, changed_us, revision, state, authority_expires_us, retention_class)
    values (%s, %s, %s, %s, %s, %s)
    on conflict (camera_id, changed_us) do update
        set revision = excluded.revision, state = excluded.state,
            authority_expires_us = excluded.authority_expires_us, retention_class = excluded.retention_class
        where excluded.revision >= kept.revision
"""
_REMOVED = """
    insert into storage.camera_states (camera_id, changed_us, revision, state, authority_expires_us, retention_class)
    select camera_id, greatest(changed_us + 1, %s), revision, 'retired', authority_expires_us, retention_class
    from storage.camera_states where camera_id = %s and changed_us <= %s
    order by changed_us desc limit 1
    on conflict do nothing
"""
_STATUSES = """
    insert into storage.camera_statuses as kept (camera_id, since_us, state, heard_us, cause)
    select * from unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::text[])
    on conflict (camera_id, since_us, state) do update
        set heard_us = excluded.heard_us, cause = excluded.cause where kept.heard_us < excluded.heard_us
"""
_EPOCHS = """
    insert into storage.camera_epochs as kept (camera_id, epoch, heard_us)
    select * from unnest(%s::text[], %s::bigint[], %s::bigint[])
    on conflict (camera_id, epoch) do update
        set heard_us = excluded.heard_us where kept.heard_us < excluded.heard_us
"""
_CHANGES = """
    insert into storage.ledger_changes (camera_id, day)
    select camera_id, day from unnest(%s::text[], %s::int[], %s::int[]) as change (camera_id, first, last)
    cross join lateral generate_series(greatest(first, last - 40), last) as day
"""
_PLACE = """
    insert into storage.ledger_offsets (topic, partition, next_offset) values (%s, %s, %s)
    on conflict (topic, partition) do update set next_offset = excluded.next_offset
"""


@dataclass
class News:
    """What one batch of the log said, in order. `removed` is a camera and when it was taken out of the log;
    `changed` the days (camera, first, last) that are to be counted again.
    """

    places: dict[tuple[str, int], int] = field(default_factory=dict)
    cameras: list[Camera | tuple[str, int]] = field(default_factory=list)
    statuses: list[CameraStatus] = field(default_factory=list)
    changed: list[tuple[str, int, int]] = field(default_factory=list)


class HistoryBook:
    """Every call may raise DatabaseUnavailable."""

    def __init__(self, pool: ConnectionPool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn

    def places(self, topic: str) -> Mapping[int, int]:
        """Where each partition is to be read on."""
        query = "select partition, next_offset from storage.ledger_offsets where topic = %s"
        with database_errors(self._dsn), self._pool.connection() as connection:
            return dict(connection.execute(query, [topic]).fetchall())

    def write(self, news: News) -> None:
        """Write all or nothing."""
        states = _latest(
            (one.camera_id, one.since, one.state, min(one.observed_at, _MOST), one.cause.replace("\0", ""))
            for one in news.statuses
        )
        epochs = _latest(
            (one.camera_id, one.epoch, "", min(one.observed_at, _MOST), "")
            for one in news.statuses
            if 0 < one.epoch < _MOST
        )
        with (
            database_errors(self._dsn),
            self._pool.connection() as connection,
            connection.cursor() as cursor,
        ):
            for one in news.cameras:
                cursor.execute(*_statement(one))
            cursor.execute(_STATUSES, [list(column) for column in zip(*states, strict=True)] or [[]] * 5)
            rows = [(camera_id, epoch, heard) for camera_id, epoch, _, heard, _ in epochs]
            cursor.execute(_EPOCHS, [list(column) for column in zip(*rows, strict=True)] or [[]] * 3)
            changed = sorted(set(news.changed))
            cursor.execute(_CHANGES, [list(column) for column in zip(*changed, strict=True)] or [[]] * 3)
            cursor.executemany(_PLACE, [(*place, offset) for place, offset in news.places.items()])


def _statement(one: Camera | tuple[str, int]) -> tuple[str, list[object]]:
    if isinstance(one, tuple):
        camera_id, at_us = one
        return _REMOVED, [at_us, camera_id, at_us]
    expires = min(one.authority.expires_at, _MOST)
    return _STATE, [one.camera_id, one.changed_at, one.revision, one.state, expires, one.retention_class]


_Row = tuple[str, int, str, int, str]


def _latest(rows: Iterable[_Row]) -> list[_Row]:
    """One row a key, the last that was heard: a statement may not change a row twice. In the order of their keys."""
    found: dict[tuple[str, int, str], _Row] = {}
    for row in rows:
        known = found.get(row[:3])
        if known is None or known[3] <= row[3]:
            found[row[:3]] = row
    return [found[key] for key in sorted(found)]
