"""The two buckets that ingest writes to, made when the object store is first there."""

import threading

from vantage.health import Readiness
from vantage.objects import ObjectStore
from vantage_ingest.domain import pack, recording

_PART = "store"


class Buckets:
    """Makes them once. Safe to use from several threads."""

    def __init__(self, store: ObjectStore, readiness: Readiness) -> None:
        self._store = store
        self._readiness = readiness
        self._lock = threading.Lock()
        self._there = False
        readiness.waiting(_PART, "the object store was not asked yet")

    def ensure(self) -> None:
        """Make the buckets unless that was done. Raises what the store raises."""
        if self._there:
            return
        with self._lock:
            try:
                for bucket in (pack.BUCKET, recording.BUCKET):
                    self._store.ensure_bucket(bucket)
            except Exception as error:
                self._readiness.waiting(_PART, str(error))
                raise
            self._there = True
            self._readiness.ready(_PART)
