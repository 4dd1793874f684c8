"""How far the copies of a hold are, counted when somebody asks."""

from dataclasses import dataclass

from psycopg import Connection

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import Hold

_COUNT = """
    select count(*) filter (where state = 'stored'), count(*) filter (where state = 'writing'),
           count(*) filter (where state = 'garbage'), coalesce(sum(size) filter (where state = 'stored'), 0)::bigint,
           min(locked_until_us) filter (where state = 'stored'), max(locked_until_us) filter (where state = 'garbage')
    from storage.evidence where hold_id = %s
"""
_WITHOUT_ROW = f"""
    select count(*) from storage.recordings as of
    where camera_id = any(%s) and start_us < %s and start_us > %s - {DAY_US} and end_us > %s and not garbage
      and not exists (
          select from storage.evidence as copy
          where (copy.hold_id, copy.camera_id, copy.start_us, copy.epoch)
              = (%s, of.camera_id, of.start_us, of.epoch)
      )
"""  # noqa: S608  # made of constants alone
_FAILURE = """
    select recording_id, failure from storage.evidence
    where hold_id = %s and failure <> '' order by failed_us, recording_id limit 1
"""


@dataclass(frozen=True)
class Progress:
    """Counts of copies: `expected` are those that the hold is to have now, `leaving` wait for their locks to end.

    `locked_until_us` is when the first lock of a stored copy ends, `leaves_by_us` when the last of those that leave
    does; `failed` is the recording that failed first, and `failure` why.
    """

    expected: int
    stored: int
    leaving: int
    bytes: int
    locked_until_us: int | None
    leaves_by_us: int | None
    failed: str
    failure: str


def read(connection: Connection, hold: Hold) -> Progress:
    """The progress of a hold."""
    stored, writing, garbage, size, locked, leaves = _one(connection, _COUNT, [hold.hold_id])
    without = 0
    if hold.state == "standing":
        scope = [list(hold.cameras), hold.to_us, hold.from_us, hold.from_us, hold.hold_id]
        (without,) = _one(connection, _WITHOUT_ROW, scope)
    failed = connection.execute(_FAILURE, [hold.hold_id]).fetchone() or ("", "")
    return Progress(stored + writing + without, stored, garbage, size, locked, leaves, *failed)


def _one(connection: Connection, query: str, values: list[object]) -> tuple[int, ...]:
    row = connection.execute(query.encode(), values).fetchone()
    return row or ()
