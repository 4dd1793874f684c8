"""Rows of recordings on their way out: marked, their objects erased, gone.

A row that is marked is shown by no view, and whatever happens to the process, the index `recordings_garbage` finds it
again: so an object is erased only when its row says so, and a row goes only after its object, with the receipt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from psycopg import Connection

from vantage_storage.domain.day import bounds_us
from vantage_storage.domain.erased import Erased
from vantage_storage.domain.policy import STANDARD

BATCH = 1000
KIND = "footage"
_LOCK = "select pg_advisory_xact_lock(hashtextextended('vantage.storage.erasure', 0))"
_MARK = """
    with due as (
        select camera_id, start_us, epoch from storage.recordings
        where start_us >= %(first)s and start_us < %(next)s and not garbage
          and (camera_id, start_us, epoch) > (%(camera)s, %(start)s, %(epoch)s)
          and end_us <= coalesce((%(cutoffs)s::jsonb ->> retention_class)::bigint, %(otherwise)s)
          and not storage.is_held(camera_id, start_us, end_us, epoch)
        order by camera_id, start_us, epoch limit %(limit)s
    ), marked as (
        update storage.recordings as recording set garbage = true from due
        where recording.start_us >= %(first)s and recording.start_us < %(next)s
          and (recording.camera_id, recording.start_us, recording.epoch) = (due.camera_id, due.start_us, due.epoch)
        returning recording.*
    )
    select camera_id, start_us, epoch, end_us, recording_id, bucket, object, size,
           encode(sha256, 'hex'), retention_class
    from marked order by camera_id, start_us, epoch
"""
_READ = """
    select camera_id, start_us, epoch, end_us, recording_id, bucket, object, size,
           encode(sha256, 'hex'), retention_class
    from storage.recordings
    where garbage and (start_us, camera_id, epoch) > (%s, %s, %s)
    order by start_us, camera_id, epoch limit %s
"""
_DELETE = """
    delete from storage.recordings as gone
    using unnest(%s::text[], %s::bigint[], %s::bigint[]) as named (camera_id, start_us, epoch)
    where (gone.camera_id, gone.start_us, gone.epoch) = (named.camera_id, named.start_us, named.epoch)
      and gone.start_us between %s and %s and garbage
    returning gone.camera_id, gone.start_us, gone.epoch
"""

Key = tuple[str, int, int]


@dataclass(frozen=True)
class Doomed:
    """A row that is marked: where its object lies, and what its receipt says."""

    camera_id: str
    start_us: int
    epoch: int
    end_us: int
    recording_id: str
    bucket: str
    object: str
    size: int
    sha256: str
    retention_class: str

    @property
    def key(self) -> Key:
        """The row's key."""
        return self.camera_id, self.start_us, self.epoch

    @property
    def erased(self) -> Erased:
        """The row as its receipt accounts for it."""
        return Erased(KIND, self.camera_id, self.start_us, self.end_us, self.recording_id, self.sha256, self.size)


def lock_erasure(connection: Connection) -> None:
    """Let nobody mark rows or place a hold before this transaction ends."""
    connection.execute(_LOCK)


def mark_due(connection: Connection, day: int, after: Key, cutoffs: Mapping[str, int]) -> Sequence[Doomed]:
    """Mark the next rows of a day that are due and not held, in the order of their keys, after a key.

    `cutoffs` is the last end of capture that is due, by class; every other class has that of `standard`.
    """
    first, following = bounds_us(day)
    lock_erasure(connection)
    values = {
        "first": first,
        "next": following,
        "camera": after[0],
        "start": after[1],
        "epoch": after[2],
        "cutoffs": msgspec.json.encode(cutoffs).decode(),
        "otherwise": cutoffs[STANDARD],
        "limit": BATCH,
    }
    return [Doomed(*row) for row in connection.execute(_MARK, values).fetchall()]


def read_garbage(connection: Connection, after: tuple[int, str, int]) -> Sequence[Doomed]:
    """The next rows that are marked, the earliest captured first, after (start, camera, epoch)."""
    return [Doomed(*row) for row in connection.execute(_READ, [*after, BATCH]).fetchall()]


def delete_rows(connection: Connection, rows: Iterable[Doomed]) -> set[Key]:
    """Delete rows that are marked; the keys of those that this transaction deleted."""
    named = list(rows)
    starts = [one.start_us for one in named]
    values = [[one.camera_id for one in named], starts, [one.epoch for one in named], min(starts), max(starts)]
    return set(connection.execute(_DELETE, values).fetchall())
