"""Deletes packs that are past their time, in the partitions of this replica. Their keys are in the order of time, so
that a sweep reads the old ones only.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice, takewhile

from vantage.clock import Clock
from vantage.objects import ObjectStore
from vantage_ingest import metrics
from vantage_ingest.domain.pack import BUCKET, expired_before

_AT_ONCE = 500


class Sweeper:
    """One cell's packs. Calls raise what the object store raises."""

    def __init__(self, store: ObjectStore, clock: Clock, cell_id: str, keep: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._cell_id = cell_id
        self._keep = keep

    def sweep(self, partitions: Iterable[int]) -> int:
        """Delete what is too old; gives the number of packs."""
        return sum(self._sweep(partition) for partition in partitions)

    def _sweep(self, partition: int) -> int:
        first_kept = expired_before(self._cell_id, partition, self._clock.now_us(), self._keep)
        prefix = f"{self._cell_id}/{partition}/"
        found = self._store.list(BUCKET, prefix)
        old: Iterator[str] = takewhile(lambda key: key < first_kept, (pack.key for pack in found))
        count = 0
        while some := list(islice(old, _AT_ONCE)):
            self._store.delete_many(BUCKET, some)
            metrics.PACKS_SWEPT.inc(len(some))
            count += len(some)
        return count
