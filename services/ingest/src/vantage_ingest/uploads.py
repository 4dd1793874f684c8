"""Finished recordings on their way out of the spool: uploaded, verified, announced, and only then removed here.

Whatever is away, a recording waits on the disk and is tried again. Its key and id are the same each time, so that a try
that was half done writes nothing twice.
"""

import hashlib
import heapq
import threading
from random import Random

import structlog

from vantage.clock import Clock
from vantage.contracts.recording import Gap
from vantage.errors import ObjectMissing, VantageError
from vantage.objects import ObjectStore
from vantage_ingest import metrics
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.buckets import Buckets
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.recording import BUCKET, announcement, camera_prefix, object_key, whole
from vantage_ingest.ports import Announcer
from vantage_ingest.said import Said

_TOPIC = "recordings.v1"
_TYPE = "video/mp4"
_PLAIN_ETAG = 32
_LOOK_S = 0.05
_log = structlog.get_logger()


class NotWhole(VantageError):
    """The object in the store is not what was sent."""


class Uploads:
    """The queue and its threads. It is as long as the spool, which is bounded."""

    def __init__(
        self, store: ObjectStore, buckets: Buckets, publisher: Announcer, spool: Spool, clock: Clock, *, threads: int
    ) -> None:
        self._store = store
        self._buckets = buckets
        self._publisher = publisher
        self._spool = spool
        self._clock = clock
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Finished]] = []
        self._number = 0
        self._stopped = False
        self._said = Said(clock)
        self._backoff = Backoff(0.5, 15.0, Random().random)  # noqa: S311
        self._threads = [threading.Thread(target=self._run, name=f"upload-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        """Begin to upload."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Bring away what goes within `timeout` seconds; the rest, and all where a part is away, stays in the spool."""
        end = self._clock.monotonic() + timeout
        with self._changed:
            while self._due and not self._backoff.tries and self._clock.monotonic() < end:
                self._changed.wait(_LOOK_S)
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, end - self._clock.monotonic()))

    def add(self, finished: Finished, wait_s: float = 0.0) -> None:
        """Queue a recording, to be tried after a wait."""
        with self._changed:
            self._number += 1
            heapq.heappush(self._due, (self._clock.monotonic() + wait_s, self._number, finished))
            metrics.SPOOL_WAITING.set(len(self._due))
            self._changed.notify()

    def _run(self) -> None:
        while (finished := self._next()) is not None:
            try:
                self._bring(finished)
            except (VantageError, OSError) as error:
                self._later(finished, str(error))
            except Exception:  # noqa: BLE001  # one part's fault must not stop the others
                metrics.FAULTS.labels("upload").inc()
                _log.exception("a recording cannot be uploaded")
                self._later(finished, "an unexpected error")
            else:
                self._backoff.reset()
                self._said.good("upload", "recordings are uploaded again")

    def _next(self) -> Finished | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - self._clock.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    finished = heapq.heappop(self._due)[2]
                    metrics.SPOOL_WAITING.set(len(self._due))
                    return finished
                self._changed.wait(wait)
            return None

    def _later(self, finished: Finished, reason: str) -> None:
        metrics.UPLOAD_RETRIES.inc()
        self._said.bad("upload", "recordings stay in the spool and are tried again", reason)
        self.add(finished, self._backoff.next())

    def _bring(self, finished: Finished) -> None:
        self._buckets.ensure()
        data = self._verified(finished)
        if data is None:
            return
        self._put(finished, data)
        sha256 = hashlib.sha256(data).hexdigest()
        gap = self._true_gap(finished)
        self._publisher.publish(_TOPIC, announcement(finished.head, finished.entries, sha256, gap))
        self._publisher.flush()
        self._spool.remove(finished)
        metrics.RECORDINGS.inc()

    def _verified(self, finished: Finished) -> bytes | None:
        """The recording's bytes up to the last fragment that is as it was hashed."""
        data = finished.data.read_bytes()
        kept = list(whole(finished.head, finished.entries, data))
        if lost := len(finished.entries) - len(kept):
            metrics.SPOOL_CUT.inc(lost)
            _log.error("fragments in the spool are damaged", camera=finished.head.camera_id, lost=lost, kept=len(kept))
            finished.entries[:] = kept
        if not kept:
            self._spool.remove(finished)
            return None
        end = kept[-1].range.offset + kept[-1].range.length
        return data[:end]

    def _put(self, finished: Finished, data: bytes) -> None:
        """Put the object unless it is there already, and see that it is there whole."""
        key = object_key(finished.head)
        if self._is_there(key, data):
            return
        self._store.put(BUCKET, key, data, _TYPE)
        if not self._is_there(key, data):
            msg = f"{BUCKET}/{key} is not in the object store as it was sent; it is sent again"
            raise NotWhole(msg)

    def _is_there(self, key: str, data: bytes) -> bool:
        """Whether the store has these bytes: by size, and by MD5 where its entity tag is one."""
        try:
            found = self._store.stat(BUCKET, key)
        except ObjectMissing:
            return False
        tag = found.etag.strip('"')
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return found.size == len(data) and (tag == digest or "-" in tag or len(tag) != _PLAIN_ETAG)

    def _true_gap(self, finished: Finished) -> Gap | None:
        """A first recording is one only where the store has none from before: else another replica had the camera."""
        gap = finished.head.gap_before
        if gap is None or gap.cause != "first-recording":
            return gap
        found = self._store.list(BUCKET, camera_prefix(finished.head.camera_id))
        if not any(older.modified_us < finished.head.start for older in found):
            return gap
        detail = "this replica took the camera over; the index knows where its recording ended before"
        return Gap(start=gap.start, end=gap.end, cause="ingest-restarted", detail=detail)
