"""Finished recordings on their way out of the spool: uploaded, announced, and only then removed here.

A recording was hashed while it was written. The store is told that digest and refuses what does not have it, so that
one pass over the bytes, the store's, proves that disk, wire and object agree with what was captured. Where it refuses,
and for what an earlier process left, the file is compared fragment by fragment, and ends before the first that is not
whole. Whatever is away, a recording waits on the disk and is tried again, under the same key and id.
"""

import hashlib
import heapq
import threading
from random import Random

import structlog

from vantage.clock import Clock
from vantage.contracts.recording import Gap
from vantage.errors import ContentMismatch, ContentUnreadable, KeyDestroyed, ObjectMissing, VantageError
from vantage.objects import FileBytes, ObjectStore
from vantage_ingest import metrics
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_check import verified
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.buckets import Buckets
from vantage_ingest.cut_ends import CutEnds
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.recording import BUCKET, announcement, camera_prefix, object_key, tail
from vantage_ingest.ports import Announcer
from vantage_ingest.said import Said

_TOPIC = "recordings.v1"
_TYPE = "video/mp4"
_READS = 3
"""So often a file that the disk does not give is tried, before what can be read of it is all there is."""
_LOOK_S = 0.05
_log = structlog.get_logger()


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
        self._ends = CutEnds()
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
            except KeyDestroyed as error:
                self._give_up(finished, str(error))
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

    def _give_up(self, finished: Finished, reason: str) -> None:
        """Remove a recording that came too late: all of its day was due and is erased, so none of it may be kept."""
        _log.error("a recording of a day that is erased is removed", camera=finished.head.camera_id, reason=reason)
        try:
            self._spool.remove(finished)
        except OSError as error:
            self._later(finished, str(error))
        else:
            metrics.TOO_LATE.inc()

    def _bring(self, finished: Finished) -> None:
        self._buckets.ensure()
        if not finished.announced:
            if finished.sha256 is None and not self._verify(finished):
                return
            self._put(finished)
            self._announce(finished)
        self._spool.remove(finished)
        metrics.RECORDINGS.inc()

    def _verify(self, finished: Finished) -> bool:
        """Compare the file with its journal, and cut it back to what is whole; False where that is nothing."""
        try:
            kept, finished.sha256 = verified(finished, patient=finished.failed_reads < _READS)
        except OSError:
            finished.failed_reads += 1
            raise
        if lost := len(finished.entries) - len(kept):
            metrics.SPOOL_CUT.inc(lost)
            _log.error("fragments in the spool are damaged", camera=finished.head.camera_id, lost=lost, kept=len(kept))
            self._ends.cut(finished, kept)
            self._spool.cut(finished, kept)
        if not kept:
            self._spool.remove(finished)
        return bool(kept)

    def _put(self, finished: Finished) -> None:
        """Put the object unless an earlier try did."""
        key, content = object_key(finished.head), FileBytes(finished.data, finished.size, tail(finished.entries))
        if finished.stored or (finished.tried and self._is_there(key, content)):
            return
        finished.tried = True
        try:
            self._store.put(BUCKET, key, content, _TYPE, sha256=finished.sha256)
        except (ContentMismatch, ContentUnreadable):
            finished.sha256 = None  # the next try looks for the damage
            raise
        finished.stored = True

    def _is_there(self, key: str, content: FileBytes) -> bool:
        """Whether the store has these bytes: by size, and by MD5, as which most stores tag what came in one request.

        It is asked only after a try of which the end is not known. Where the tag is none, as with encryption at some
        stores, the same bytes are put again.
        """
        try:
            found = self._store.stat(BUCKET, key)
        except ObjectMissing:
            return False
        if found.size != len(content):
            return False
        digest = hashlib.md5(usedforsecurity=False)
        for piece in content:
            digest.update(piece)
        return found.etag.strip('"') == digest.hexdigest()

    def _announce(self, finished: Finished) -> None:
        assert finished.sha256 is not None, "what is in the store was verified"  # noqa: S101
        gap = self._ends.told(finished.head, self._true_gap(finished))
        self._publisher.publish(_TOPIC, announcement(finished.head, finished.entries, finished.sha256, gap))
        self._publisher.flush()
        finished.announced = True

    def _true_gap(self, finished: Finished) -> Gap | None:
        """A first recording is one only where the store has none from before: else another replica had the camera."""
        gap = finished.head.gap_before
        if gap is None or gap.cause != "first-recording":
            return gap
        found = self._store.list(BUCKET, camera_prefix(finished.head.camera_id))
        if not any(older.modified_us < finished.head.start for older in found):
            return gap
        detail = "this replica took the camera over; the index knows where its recording ended before"
        return Gap(start=gap.start, end=gap.end, cause="handover", detail=detail)
