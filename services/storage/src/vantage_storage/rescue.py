"""The chore `rescue`: what a node recorded and died with is rebuilt from `live`, as long as that has it.

A round asks the database first: cameras of which an ownership has ended, and time of theirs that nothing accounts for.
Only for these the event log is read, and `live` by range. A rebuilt recording takes the usual way: its object into
`footage`, a row in the outbox `rescues`, its announcement on `recordings.v1`, and the index. From the row on it is
never built again, so a round that was cut off at any point writes nothing twice.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import structlog
from confluent_kafka import Message as Record
from msgspec.structs import replace

from vantage.contracts import Fragment, Recording, Undecodable, decode
from vantage.contracts.recording import Gap
from vantage.errors import ObjectMissing
from vantage_storage import metrics
from vantage_storage.adapters.log_reader import LogReader
from vantage_storage.adapters.rescue_book import RescueBook
from vantage_storage.domain.orphans import (
    SLOT_US,
    Fetched,
    Ownerships,
    Search,
    Verdict,
    before,
    judge,
    lost,
    recordings,
)
from vantage_storage.domain.rebuilt import rebuild
from vantage_storage.domain.spans import Span, clipped, difference, length, union
from vantage_storage.history import History
from vantage_storage.parts import Parts

_log = structlog.get_logger()

WINDOW_US = 3_300_000_000
"""How far back is looked: `fragments.v1` reaches back an hour."""
_SKEW_US = 90_000_000  # capture may differ so much from when it was announced: ingest trusts a clock within 60 s
_FRAGMENTS = 40_000  # that one round holds in memory, about one a second of a hole
_FETCHES = 8
_DETAIL = "the fragments are not in live any more"


class Rescue:
    """One round after the other."""

    def __init__(self, parts: Parts, history: History) -> None:
        self._parts = parts
        self._history = history
        self._book = RescueBook(parts.pool, parts.dsn)
        self._examined: dict[str, list[Span]] = {}
        self._last = ""

    def work(self) -> None:
        """Look for orphans, and rebuild them. Raises Retryable; what was not brought to its end is looked at again."""
        listening_us = self._history.follow()
        self._announce()
        self._book.forget_indexed()
        now_us = self._parts.clock.now_us()
        grace_us = round(self._parts.settings.storage_rescue_grace_seconds * 1e6)
        window = (now_us - WINDOW_US, (now_us - grace_us) // SLOT_US * SLOT_US)  # whole slots: no crumbs of recordings
        ownerships = {
            camera_id: Ownerships(heard, listening_us, grace_us)
            for camera_id, heard in self._book.epochs(window[0]).items()
        }
        searches = self._searches([key for key, one in ownerships.items() if one.any_ended(now_us)], window)
        if searches:
            self._search(searches, ownerships, window, now_us)
            self._announce()

    def _searches(self, cameras: Sequence[str], window: Span) -> dict[str, Search]:
        """The cameras whose holes were not looked at yet, as many as fit in memory."""
        self._examined = {key: kept for key, spans in self._examined.items() if (kept := clipped(spans, window))}
        found: dict[str, Search] = {}
        seconds = 0
        searches = self._book.searches(cameras, window).items()
        for camera_id, search in sorted(searches, key=lambda item: (item[0] <= self._last, item[0])):  # in turns
            holes = difference(search.holes, self._examined.get(camera_id, []))
            seconds += length(holes) // 1_000_000
            if holes and (seconds <= _FRAGMENTS or not found):
                found[camera_id] = Search(holes, search.covered, search.explained)
                self._last = camera_id
        return found

    def _search(
        self, searches: Mapping[str, Search], ownerships: Mapping[str, Ownerships], window: Span, now_us: int
    ) -> None:
        fragments = self._fragments(searches)
        with ThreadPoolExecutor(_FETCHES, "rescue-fetch") as pool:
            for camera_id, search in searches.items():
                if self._parts.running.stop.is_set():
                    return
                verdict = judge(fragments.get(camera_id, ()), search, ownerships[camera_id], now_us)
                self._carry_out(camera_id, verdict, search, pool)
                if not verdict.undecided:
                    known = self._examined.get(camera_id, [])
                    self._examined[camera_id] = union([*known, *clipped(search.holes, window)])

    def _fragments(self, searches: Mapping[str, Search]) -> dict[str, list[Fragment]]:
        """The main stream's fragments that these cameras have announced around their holes."""
        low = min(search.holes[0][0] for search in searches.values()) - _SKEW_US
        high = max(search.holes[-1][1] for search in searches.values()) + _SKEW_US
        found: dict[str, list[Fragment]] = defaultdict(list)
        reader = LogReader(self._parts.settings.kafka_bootstrap, "storage-rescue")
        try:
            starts = reader.at("fragments.v1", reader.partitions("fragments.v1"), max(0, low))
            for record in reader.read("fragments.v1", starts, until_us=high):
                fragment = _fragment(record, searches)
                if fragment is not None:
                    found[fragment.camera_id].append(fragment)
        finally:
            reader.close()
        return found

    def _carry_out(self, camera_id: str, verdict: Verdict, search: Search, pool: ThreadPoolExecutor) -> None:
        rebuilt: list[Span] = []
        for slot in verdict.slots:
            fetched = [one for one in pool.map(self._fetch, slot) if one is not None]
            for run in recordings(fetched):
                self._rebuild(run, search, rebuilt)
        if gone := lost(verdict, search, rebuilt):
            metrics.LOST_SECONDS.inc(length(gone) / 1e6)
            _log.error("recorded seconds were lost with their node", camera=camera_id, seconds=length(gone) / 1e6)
            self._book.lost(camera_id, gone, _DETAIL)

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

    def _announce(self) -> None:
        for untold in iter(self._book.untold, []):
            self._publish(untold)

    def _publish(self, untold: Sequence[Recording]) -> None:
        for recording in untold:
            self._parts.publisher.publish("recordings.v1", recording)
        self._parts.publisher.flush()
        self._book.told(untold)


def _fragment(record: Record, searches: Mapping[str, Search]) -> Fragment | None:
    """The record's fragment where it touches a hole of its camera, without the frames that nobody asks for here."""
    search = searches.get((record.key() or b"").decode(errors="replace"))
    if search is None or (value := record.value()) is None:
        return None
    try:
        one = decode("fragments.v1", value)
    except Undecodable:
        return None
    if not isinstance(one, Fragment) or one.stream != "main":
        return None
    near = search.holes[0][0] <= one.start + one.duration and one.start <= search.holes[-1][1]
    return replace(one, frames=one.frames[:1]) if near else None
