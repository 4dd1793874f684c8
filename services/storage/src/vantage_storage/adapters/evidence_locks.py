"""Which locks of copies are to be made longer, and how much time they have."""

from collections.abc import Mapping, Sequence

from psycopg import Connection

from vantage_storage.adapters.evidence_book import COPY, Copy

_SHORT = f"""
    {COPY} where copy.state = 'stored' and copy.locked_until_us < %s and copy.locked_until_us < hold.ends_us
      and hold.ended_us is null and hold.ends_us > %s and (copy.locked_until_us, copy.object) > (%s, %s)
    order by copy.locked_until_us, copy.object limit %s
"""
_LONGER = """
    update storage.evidence set locked_until_us = greatest(locked_until_us, %s)
    where (hold_id, camera_id, start_us, epoch) = (%s, %s, %s, %s) and version = %s
"""
# a lock that reaches its hold's end has done its duty, however near that is
_LEAST = """
    select min(locked_until_us) from storage.evidence join storage.holds using (hold_id)
    where state = 'stored' and ended_us is null and locked_until_us < ends_us
"""
_STATES = "select state, count(*) from storage.evidence group by state"


def read_short(
    connection: Connection, below_us: int, now_us: int, after: tuple[int, str], limit: int
) -> Sequence[Copy]:
    """The next stored copies whose lock ends before that and before their hold, after (lock, object)."""
    return [Copy(*row) for row in connection.execute(_SHORT, [below_us, now_us, *after, limit]).fetchall()]


def note_locked(connection: Connection, copy: Copy, until_us: int) -> None:
    """Note until when a copy is locked now."""
    connection.execute(_LONGER, [until_us, *copy.key, copy.version])


def least_locked_until_us(connection: Connection) -> int | None:
    """When the first lock of what is held ends before its hold does; None where none does."""
    row = connection.execute(_LEAST).fetchone()
    return row[0] if row else None


def count_by_state(connection: Connection) -> Mapping[str, int]:
    """How many copies are in each state."""
    return dict(connection.execute(_STATES).fetchall())
