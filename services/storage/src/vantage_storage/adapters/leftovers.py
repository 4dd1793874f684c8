"""Objects without a row whose day is over, from when they were seen until their receipt is written.

They are noted before they are erased: what is erased is known by then, whatever happens to the process.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import Connection

from vantage.objects import Version
from vantage_storage.domain.day import DAY_US, bounds_us
from vantage_storage.domain.erased import Erased

BATCH = 1000
_ADD = """
    insert into storage.leftovers (bucket, object, version, day, size, policy_version) values (%s, %s, %s, %s, %s, %s)
    on conflict do nothing
"""
_READ = """
    select bucket, object, version, day, size, policy_version from storage.leftovers
    where bucket = %s and (object, version) > (%s, %s) order by object, version limit %s
"""
_DELETE = """
    delete from storage.leftovers as gone using unnest(%s::text[], %s::text[], %s::text[]) as named (b, o, v)
    where (gone.bucket, gone.object, gone.version) = (b, o, v)
    returning gone.bucket, gone.object, gone.version
"""
_INDEXED = "select object from storage.recordings where camera_id = %s and start_us >= %s and start_us < %s"
_CLASS = "select storage.class_on(%s, %s, %s)"


@dataclass(frozen=True)
class Leftover:
    """One version of an object (`version` is empty in a bucket without versions), by the day in its key."""

    bucket: str
    object: str
    version: str
    day: int
    size: int
    policy_version: int

    @property
    def key(self) -> tuple[str, str, str]:
        """The row's key."""
        return self.bucket, self.object, self.version

    @property
    def as_version(self) -> Version:
        """What the store is told to erase."""
        return Version(self.object, self.version or None)

    @property
    def erased(self) -> Erased:
        """As its receipt accounts for it: captured at some time of its day."""
        camera = self.object.rpartition("/")[0]
        first = self.day * DAY_US
        return Erased(self.bucket, camera, first, first + DAY_US - 1, f"{self.object} {self.version}", size=self.size)


def add(connection: Connection, found: Iterable[Leftover]) -> None:
    """Note what is to be erased."""
    rows = [(one.bucket, one.object, one.version, one.day, one.size, one.policy_version) for one in found]
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)


def read(connection: Connection, bucket: str, after: tuple[str, str]) -> Sequence[Leftover]:
    """The next that are noted of a bucket, after (object, version)."""
    return [Leftover(*row) for row in connection.execute(_READ, [bucket, *after, BATCH]).fetchall()]


def delete(connection: Connection, gone: Iterable[Leftover]) -> set[tuple[str, str, str]]:
    """Delete the notes; the keys of those that this transaction deleted."""
    keys = [one.key for one in gone]
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], []]
    return set(connection.execute(_DELETE, columns).fetchall())


def objects_of_rows(connection: Connection, camera_id: str, day: int) -> set[str]:
    """The keys of a camera's objects of a day that have a row, marked or not."""
    return {key for (key,) in connection.execute(_INDEXED, [camera_id, *bounds_us(day)]).fetchall()}


def class_on(connection: Connection, camera_id: str, day: int) -> str:
    """The class by which a camera's objects without a row fall due."""
    row = connection.execute(_CLASS, [camera_id, *bounds_us(day)]).fetchone()
    return str(row[0]) if row else ""
