"""Makes recordings of orphans: fetched from `live` by range and proved, put together, stored, and left in the outbox.

A camera's fragments are in memory for a minute of it at a time.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import structlog

from vantage.contracts import Fragment
from vantage.contracts.recording import Gap
from vantage.errors import ObjectMissing
from vantage_storage import metrics
from vantage_storage.adapters.rescue_book import RescueBook
from vantage_storage.domain.orphans import Fetched, Search, Verdict, before, lost, recordings
from vantage_storage.domain.rebuilt import rebuild
from vantage_storage.domain.spans import Span, length
from vantage_storage.parts import Parts

_log = structlog.get_logger()

_CAMERAS = 4
_FETCHES = 8
_DETAIL = "the fragments are not in live any more"


class Rebuilder:
    """Carries out what was judged of some cameras, several at a time."""

    def __init__(self, parts: Parts, book: RescueBook) -> None:
        self._parts = parts
        self._book = book

    def carry_out(self, verdicts: Mapping[str, tuple[Verdict, Search]]) -> list[str]:
        """Rebuild what can be, and say what was lost; the cameras that are done, not all of them after a stop.

        Raises Retryable, as soon as what is under way has ended.
        """
        with ThreadPoolExecutor(_FETCHES, "rescue-fetch") as fetches, ThreadPoolExecutor(_CAMERAS, "rescue") as pool:
            doing = {
                camera_id: pool.submit(self._rebuild_all, camera_id, verdict, search, fetches)
                for camera_id, (verdict, search) in verdicts.items()
            }
            try:
                return [camera_id for camera_id, one in doing.items() if one.result()]
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _rebuild_all(self, camera_id: str, verdict: Verdict, search: Search, fetches: ThreadPoolExecutor) -> bool:
        rebuilt: list[Span] = []
        for slot in verdict.slots:
            if self._parts.running.stop.is_set():
                return False
            fetched = [one for one in fetches.map(self._fetch, slot) if one is not None]
            for run in recordings(fetched):
                self._rebuild(run, search, rebuilt)
        if gone := lost(verdict, search, rebuilt):
            metrics.LOST_SECONDS.inc(length(gone) / 1e6)
            _log.error("recorded seconds were lost with their node", camera=camera_id, seconds=length(gone) / 1e6)
            self._book.lost(camera_id, gone, _DETAIL)
        return True

    def _rebuild(self, run: Sequence[Fetched], search: Search, rebuilt: list[Span]) -> None:
        first = run[0].fragment
        why = before(first.start, search, rebuilt)
        gap = Gap(start=why.start, end=why.end, cause=why.cause, detail=why.detail) if why else None  # type: ignore[arg-type]
        data, recording = rebuild(run, gap, self._book.retention_class(first.camera_id, first.start))
        self._parts.store.put(recording.bucket, recording.object, data, "video/mp4", sha256=recording.sha256)
        self._book.stored(recording, self._parts.clock.now_us())
        rebuilt.append((recording.start, recording.end))
        metrics.REBUILT_SECONDS.inc((recording.end - recording.start) / 1e6)
        _log.warning("a recording was rebuilt from live", camera=first.camera_id, recording=recording.recording_id)

    def _fetch(self, one: Fragment) -> Fetched | None:
        """The fragment's bytes, or None where `live` does not have them as they were announced."""
        try:
            found = self._parts.store.get(one.bucket, one.pack, one.offset, one.length)
        except ObjectMissing:
            return None
        init, data = found[: one.init_length], found[one.init_length :]
        if sha256(data).hexdigest() != one.sha256:
            _log.error("a live fragment has other bytes than announced", camera=one.camera_id, pack=one.pack)
            return None
        return Fetched(one, init, data)
