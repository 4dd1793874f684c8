"""What has to be done now and then: force the spool to the disk, and sweep old packs."""

from vantage.clock import Clock
from vantage.errors import VantageError
from vantage_ingest.adapters.ownership import Ownership
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.buckets import Buckets
from vantage_ingest.errors import SpoolUnavailable
from vantage_ingest.said import Said
from vantage_ingest.sweeper import Sweeper

_SWEEP_S = 60.0


class Keeper:
    """Each `turn` syncs; one a minute sweeps as well. A trouble is said once and tried again at the next turn."""

    def __init__(self, spool: Spool, buckets: Buckets, sweeper: Sweeper, ownership: Ownership, clock: Clock) -> None:
        self._spool = spool
        self._buckets = buckets
        self._sweeper = sweeper
        self._ownership = ownership
        self._clock = clock
        self._said = Said(clock)
        self._sweep_at = clock.monotonic()

    def turn(self) -> None:
        """Do what is due."""
        self._sync()
        if self._clock.monotonic() >= self._sweep_at:
            self._sweep_at = self._clock.monotonic() + _SWEEP_S
            self._sweep()

    def _sync(self) -> None:
        try:
            self._spool.sync()
            self._said.good("sync", "the spool is forced to the disk again")
        except SpoolUnavailable as error:
            self._said.bad("sync", "the spool cannot be forced to the disk", str(error))

    def _sweep(self) -> None:
        try:
            self._buckets.ensure()
            self._sweeper.sweep(self._ownership.partitions())
            self._said.good("sweep", "old packs are swept again")
        except VantageError as error:
            self._said.bad("sweep", "old packs cannot be swept now", str(error))
