"""The chore `rescue`: what a node recorded and died with is rebuilt from `live`, as long as that has it.

A round asks the database first: cameras of which an ownership has ended, and time of theirs that nothing accounts for.
Only for these the event log is read, and `live` by range. A rebuilt recording takes the usual way: its object into
`footage`, a row in the outbox `rescues`, its announcement on `recordings.v1`, and the index. From the row on it is
never built again, so a round that was cut off at any point writes nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import Message as Record
from msgspec.structs import replace

from vantage.contracts import Fragment, Recording, Undecodable, decode
from vantage_storage.adapters.log_reader import LogReader
from vantage_storage.adapters.rescue_book import RescueBook
from vantage_storage.domain.orphans import SLOT_US, Ownerships, Search, judge
from vantage_storage.domain.spans import Span, clipped, difference, length, union
from vantage_storage.history import History
from vantage_storage.parts import Parts
from vantage_storage.rebuilder import Rebuilder

WINDOW_US = 3_300_000_000
"""How far back is looked: `fragments.v1` reaches back an hour."""
_SKEW_US = 90_000_000  # capture may differ so much from when it was announced: ingest trusts a clock within 60 s
_FRAGMENTS = 40_000  # that one turn holds in memory, about one a second of a hole


class Rescue:
    """One round after the other."""

    def __init__(self, parts: Parts, history: History) -> None:
        self._parts = parts
        self._history = history
        self._book = RescueBook(parts.pool, parts.dsn)
        self._rebuilder = Rebuilder(parts, self._book)
        self._examined: dict[str, list[Span]] = {}

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
            if camera_id.startswith(f"{self._parts.settings.cell_id}.")
        }
        ended = [camera_id for camera_id, one in ownerships.items() if one.any_ended(now_us)]
        for turn in self._turns(ended, window):
            self._search(turn, ownerships, window, now_us)
            self._announce()

    def _turns(self, cameras: Sequence[str], window: Span) -> Iterator[dict[str, Search]]:
        """The cameras whose holes were not looked at yet, so many at a time as fit in memory."""
        self._examined = {key: kept for key, spans in self._examined.items() if (kept := clipped(spans, window))}
        turn: dict[str, Search] = {}
        seconds = 0
        for camera_id, search in self._book.searches(cameras, window).items():
            holes = difference(search.holes, self._examined.get(camera_id, []))
            if turn and seconds + length(holes) // 1_000_000 > _FRAGMENTS:
                yield turn
                turn, seconds = {}, 0
            if holes:
                turn[camera_id] = Search(holes, search.covered, search.explained)
                seconds += length(holes) // 1_000_000
        if turn and not self._parts.running.stop.is_set():
            yield turn

    def _search(
        self, searches: Mapping[str, Search], ownerships: Mapping[str, Ownerships], window: Span, now_us: int
    ) -> None:
        fragments = self._fragments(searches)
        verdicts = {
            camera_id: (judge(fragments.get(camera_id, ()), search, ownerships[camera_id], now_us), search)
            for camera_id, search in searches.items()
        }
        for camera_id in self._rebuilder.carry_out(verdicts):
            verdict, search = verdicts[camera_id]
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
