"""Video bytes from the object store, only the range that is asked for, checked against their hash.

A recorded fragment's hash is in its own object, in the trailer, of which the index has the hash. The trailers that were
read last are kept, so that one costs one small request for all fragments of its recording.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import structlog

from vantage.fragment_digests import digests_of
from vantage.objects import ObjectStore
from vantage_api import metrics
from vantage_api.errors import Damaged
from vantage_api.ports import Stored, Trailer

_log = structlog.get_logger()
_TRAILERS = 1024
"""So many are kept: a minute's takes about 8 kB here."""


class StoredVideo:
    """Reads fragments and initialisation segments. Safe to use from several threads."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._digests = lru_cache(maxsize=_TRAILERS)(self._read_digests)

    def read(self, stored: Stored) -> bytes:
        """The bytes. Raises ObjectMissing, StoreUnavailable, Damaged where they are not those that were announced."""
        data = self._objects.get(stored.bucket, stored.key, stored.offset, stored.length)
        wanted = self._digests(stored.trailer)[stored.index] if stored.trailer else stored.sha256
        if wanted:
            _check(data, wanted, stored)
        return data

    def check(self) -> None:
        """Raise ObjectMissing, StoreUnavailable, StoreRefused unless the store answers and has live video."""
        next(iter(self._objects.list("live", "-")), None)

    def _read_digests(self, trailer: Trailer) -> Sequence[str]:
        box = trailer.box or self._objects.get(trailer.bucket, trailer.key, trailer.offset, trailer.length)
        _check(box, trailer.sha256, trailer)
        return digests_of(box)


def _check(data: bytes, sha256: str, place: Stored | Trailer) -> None:
    if hashlib.sha256(data).hexdigest() == sha256:
        return
    metrics.DAMAGED.inc()
    said = f"{place.bucket}/{place.key} bytes {place.offset}+{place.length}"
    _log.error("stored bytes are not those that were announced", place=said)
    msg = f"{said} do not have the SHA-256 that was announced"
    raise Damaged(msg)
