"""Who may do what with which keys: one closed table, so that a review of it is a review of the whole.

Nobody lists keys, nobody reads many at once, and the administrator of the object store is not in it. A right is by
bucket: a service that never touches a bucket has no use for its keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vantage.key_ids import day_end_us

_DAY_US = 24 * 3600 * 1_000_000


class Deed(StrEnum):
    """What one may do with a key."""

    MAKE = "make"
    """Have it made at its first use; who may make a key may use it, too."""
    USE = "use"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Caller:
    """A service by the name of its token.

    `records_later` says that it goes on while the audit log is away: recording fails open. Everybody else waits until
    the log has the record: access fails closed.
    """

    name: str
    makes: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    destroys: frozenset[str] = frozenset()
    records_later: bool = False

    def may(self, deed: Deed, key_id: str) -> bool:
        """Whether the table lets it."""
        bucket = key_id.partition("-")[0]
        allowed = {Deed.MAKE: self.makes, Deed.USE: self.makes | self.uses, Deed.DESTROY: self.destroys}
        return bucket in allowed[deed]


def _of(*buckets: str) -> frozenset[str]:
    return frozenset(buckets)


_ALL = _of("footage", "live", "stills", "exports", "evidence")
CALLERS: Final[Mapping[str, Caller]] = {
    caller.name: caller
    for caller in (
        Caller("ingest", makes=_of("footage", "live", "stills"), records_later=True),
        Caller("detect", uses=_of("footage", "live")),
        Caller("api", uses=_of("footage", "live", "stills", "evidence")),
        Caller("storage", makes=_ALL, destroys=_ALL),
    )
}


def destroyable_from_us(key_id: str) -> int:
    """From when a key may be destroyed (UTC microseconds): a day's when the day after it has ended, a hold's always.

    A slip must not end the recording of a day that still runs: its key would be gone for every camera.
    """
    end = day_end_us(key_id)
    return 0 if end is None else end + _DAY_US
