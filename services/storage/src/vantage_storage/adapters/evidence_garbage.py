"""Copies on their way out, and versions that are no copy's: marked, erased when their lock has ended, and gone."""

from collections.abc import Iterable, Sequence

from psycopg import Connection

from vantage.objects import Version
from vantage_storage.adapters.evidence_book import COPY, Copy, Key

_READ = f"""
    {COPY} where copy.state = 'garbage' and coalesce(copy.locked_until_us, 0) <= %s
      and (copy.version is not null or copy.claimed_us <= %s)
    order by copy.start_us limit %s
"""
_DELETE = """
    delete from storage.evidence as copy
    using unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[]) as named (h, c, s, e)
    where (copy.hold_id, copy.camera_id, copy.start_us, copy.epoch) = (h, c, s, e) and state = 'garbage'
    returning copy.hold_id, copy.camera_id, copy.start_us, copy.epoch
"""
_LOCKED = """
    update storage.evidence set locked_until_us = %s
    where (hold_id, camera_id, start_us, epoch) = (%s, %s, %s, %s) and state = 'garbage'
"""
_NOTE_EXTRA = """
    insert into storage.evidence_extras (object, version, hold_id, locked_until_us)
    select %(object)s, %(version)s, %(hold)s, %(until)s
    where not exists (
        select from storage.evidence
        where hold_id = %(hold)s and object = %(object)s and version = %(version)s and state = 'stored'
    )
    on conflict (object, version) do update set locked_until_us = excluded.locked_until_us
"""
_READ_EXTRAS = """
    select hold_id, object, version from storage.evidence_extras as extra
    where locked_until_us <= %s and not exists (
        select from storage.evidence as copy
        where copy.hold_id = extra.hold_id and (copy.object, copy.version) = (extra.object, extra.version)
          and copy.state = 'stored'
    )
    order by object, version limit %s
"""
_DELETE_EXTRA = "delete from storage.evidence_extras where (object, version) = (%s, %s)"
_LEFT = """
    select exists (select from storage.evidence where hold_id = %(hold)s)
        or exists (select from storage.evidence_extras where hold_id = %(hold)s)
"""


def read_due(connection: Connection, now_us: int, claimed_before_us: int, limit: int) -> Sequence[Copy]:
    """The next copies that may go: no lock is known to keep them, and nobody is writing them."""
    return [Copy(*row) for row in connection.execute(_READ, [now_us, claimed_before_us, limit]).fetchall()]


def delete(connection: Connection, copies: Iterable[Copy]) -> set[Key]:
    """Delete rows that are garbage; the keys of those that this transaction deleted."""
    columns = [list(column) for column in zip(*(one.key for one in copies), strict=True)] or [[], [], [], []]
    return set(connection.execute(_DELETE, columns).fetchall())


def note_kept(connection: Connection, copy: Copy, until_us: int) -> None:
    """Note until when a lock keeps a copy that is garbage, so that it is not tried before."""
    connection.execute(_LOCKED, [until_us, *copy.key])


def note_extra(connection: Connection, hold_id: str, version: Version, until_us: int) -> None:
    """Note a version that is no copy's, and until when a lock keeps it; not one that is a copy's after all."""
    values = {"object": version.key, "version": version.version or "", "hold": hold_id, "until": until_us}
    connection.execute(_NOTE_EXTRA, values)


def read_extras(connection: Connection, now_us: int, limit: int) -> Sequence[tuple[str, Version]]:
    """The next versions, each with its hold, that no lock is known to keep."""
    rows = connection.execute(_READ_EXTRAS, [now_us, limit]).fetchall()
    return [(hold_id, Version(key, version or None)) for hold_id, key, version in rows]


def delete_extras(connection: Connection, versions: Iterable[Version]) -> None:
    """Delete the notes of versions that are erased."""
    with connection.cursor() as cursor:
        cursor.executemany(_DELETE_EXTRA, [(one.key, one.version or "") for one in versions])


def is_anything_left(connection: Connection, hold_id: str) -> bool:
    """Whether any copy or further version of a hold is known."""
    row = connection.execute(_LEFT, {"hold": hold_id}).fetchone()
    return bool(row and row[0])
