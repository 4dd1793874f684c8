"""The rows of copies in `evidence`: claimed before a byte is written, stored when the store has said so, and gone after
their objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection

from vantage.objects import Version
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import Hold

BUCKET = "evidence"
_KEY = "hold_id, camera_id, start_us, epoch"
_NEAR_END_US = 5_000_000  # nothing is locked for so short a time
_KEPT = (
    "camera_id, start_us, epoch, end_us, recording_id, clock, codec, width, height, size, sha256, init_length,"
    " fragments, digests_sha256, trailer, gap_before, origin, retention_class"
)
_OF = ", ".join(f"of.{name.strip()}" for name in _KEPT.split(","))
_CLAIM_NEW = f"""
    insert into storage.evidence (hold_id, state, bucket, object, claimed_us, {_KEPT})
    select %(hold)s, 'writing', '{BUCKET}',
           format('%%s/%%s/%%s/%%s.mp4', split_part(of.camera_id, '.', 1), %(hold)s::text,
                  substr(of.camera_id, strpos(of.camera_id, '.') + 1), of.recording_id),
           %(now)s, {_OF}
    from storage.recordings as of
    where of.camera_id = any(%(cameras)s) and of.start_us < %(to)s and of.start_us > %(from)s - {DAY_US}
      and of.end_us > %(from)s and not of.garbage
      and not exists (
          select from storage.evidence as copy
          where (copy.hold_id, copy.camera_id, copy.start_us, copy.epoch)
              = (%(hold)s, of.camera_id, of.start_us, of.epoch)
      )
    order by of.start_us limit %(limit)s
    on conflict do nothing
    returning {_KEY}
"""  # noqa: S608  # made of constants alone, as the others are
_CLAIM = f"""
    with to_do as (
        select {_KEY} from storage.evidence join storage.holds using (hold_id)
        where state = 'writing' and ended_us is null and ends_us > %(now)s + {_NEAR_END_US}
          and ({_KEY}) > (%(hold)s, %(camera)s, %(start)s, %(epoch)s)
          and (failed_us is null or failed_us < %(retry)s)
        order by {_KEY} limit %(limit)s
    ), claimed as (
        update storage.evidence as copy set claimed_us = %(now)s from to_do
        where (copy.hold_id, copy.camera_id, copy.start_us, copy.epoch)
            = (to_do.hold_id, to_do.camera_id, to_do.start_us, to_do.epoch) and state = 'writing'
        returning copy.*
    )
    select claimed.hold_id, claimed.camera_id, claimed.start_us, claimed.epoch, claimed.end_us, claimed.recording_id,
           claimed.object, claimed.version, claimed.size, encode(claimed.sha256, 'hex'), claimed.locked_until_us,
           hold.ends_us, coalesce(of.bucket, ''), coalesce(of.object, '')
    from claimed join storage.holds as hold using (hold_id)
    left join storage.recordings as of
      on (of.camera_id, of.start_us, of.epoch) = (claimed.camera_id, claimed.start_us, claimed.epoch)
     and not of.garbage
    order by claimed.hold_id, claimed.camera_id, claimed.start_us, claimed.epoch
"""  # noqa: S608
COPY = """
    select copy.hold_id, copy.camera_id, copy.start_us, copy.epoch, copy.end_us, copy.recording_id, copy.object,
           copy.version, copy.size, encode(copy.sha256, 'hex'), copy.locked_until_us, hold.ends_us, '', ''
    from storage.evidence as copy join storage.holds as hold using (hold_id)
"""
_WHERE_KEY = "where (hold_id, camera_id, start_us, epoch) = (%s, %s, %s, %s)"
_STORED = f"""
    with mine as (delete from storage.evidence_extras where (object, version) = (%s, %s))
    update storage.evidence
    set state = 'stored', version = %s, locked_until_us = %s, failure = '', failed_us = null
    {_WHERE_KEY} and state = 'writing'
"""  # noqa: S608
_FAILED = f"""
    update storage.evidence set state = 'writing', version = null, failure = %s, failed_us = %s
    {_WHERE_KEY} and state <> 'garbage'
"""  # noqa: S608


Key = tuple[str, str, int, int]
"""Of a row: hold, camera, start, epoch."""


@dataclass(frozen=True)
class Copy:
    """A row: of which recording, where the copy is or will be, and where the original is (empty where it is gone)."""

    hold_id: str
    camera_id: str
    start_us: int
    epoch: int
    end_us: int
    recording_id: str
    object: str
    version: str | None
    size: int
    sha256: str
    locked_until_us: int | None
    ends_us: int
    source_bucket: str
    source_object: str

    @property
    def key(self) -> Key:
        """The row's key."""
        return self.hold_id, self.camera_id, self.start_us, self.epoch

    @property
    def as_version(self) -> Version:
        """What the store calls it, once it is stored."""
        return Version(self.object, self.version)


BEGINNING = ("", "", -1, -1)


def claim_new(connection: Connection, hold: Hold, from_us: int, now_us: int, limit: int) -> set[Key]:
    """Make rows for recordings that a hold covers from then on and that have none; the keys of those made now."""
    values = {
        "hold": hold.hold_id,
        "cameras": list(hold.cameras),
        "from": from_us,
        "to": hold.to_us,
        "now": now_us,
        "limit": limit,
    }
    return set(connection.execute(_CLAIM_NEW, values).fetchall())


def claim(connection: Connection, after: Key, now_us: int, retry_us: int, limit: int) -> Sequence[Copy]:
    """The next copies that are to be written, after a key; of those that failed the ones that did before `retry_us`."""
    hold, camera, start, epoch = after
    values = {"hold": hold, "camera": camera, "start": start, "epoch": epoch}
    rows = connection.execute(_CLAIM, {**values, "now": now_us, "retry": retry_us, "limit": limit}).fetchall()
    return [Copy(*row) for row in rows]


def note_stored(connection: Connection, copy: Copy, version: str, locked_until_us: int) -> bool:
    """Note where the bytes are; false where the row is no longer to be written, and they are nobody's."""
    values = [copy.object, version, version, locked_until_us, *copy.key]
    return connection.execute(_STORED, values).rowcount == 1


def note_failed(connection: Connection, copy: Copy, failure: str, now_us: int) -> bool:
    """Note why there is no copy; the original stays protected for as long as there is one."""
    return connection.execute(_FAILED, [failure, now_us, *copy.key]).rowcount == 1
