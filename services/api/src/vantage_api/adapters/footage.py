"""Video bytes from the object store, only the range that is asked for, checked against their hash."""

import hashlib

import structlog

from vantage.objects import ObjectStore
from vantage_api import metrics
from vantage_api.errors import Damaged
from vantage_api.ports import Stored

_log = structlog.get_logger()


class StoredVideo:
    """Reads fragments and initialisation segments."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def read(self, stored: Stored) -> bytes:
        """The bytes. Raises ObjectMissing, StoreUnavailable, Damaged where they are not those that were announced."""
        data = self._objects.get(stored.bucket, stored.key, stored.offset, stored.length)
        if stored.sha256 and hashlib.sha256(data).hexdigest() != stored.sha256:
            metrics.DAMAGED.inc()
            place = f"{stored.bucket}/{stored.key} bytes {stored.offset}+{stored.length}"
            _log.error("stored bytes are not those that were announced", place=place)
            msg = f"{place} do not have the SHA-256 that was announced"
            raise Damaged(msg)
        return data

    def check(self) -> None:
        """Raise ObjectMissing, StoreUnavailable, StoreRefused unless the store answers and has live video."""
        next(iter(self._objects.list("live", "-")), None)
