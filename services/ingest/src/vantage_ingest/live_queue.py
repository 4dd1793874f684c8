"""The live fragments that wait for the object store: bounded in bytes and age; where there is no room, those of smaller
streams go before those of main streams, and the oldest of them first.
"""

import threading
from collections import deque
from collections.abc import Sequence

from vantage.contracts.base import StreamName
from vantage_ingest import metrics
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.live_dropped import LiveDropped

_STREAMS: tuple[StreamName, ...] = ("sub", "main")
"""In the order in which they are dropped."""
Waiting = dict[int, deque[LiveFragment]]


class LiveQueue:
    """The fragments that wait, by partition; never more than `limit` bytes, never older than `max_age_us`."""

    def __init__(self, limit: int, max_age_us: int, dropped: LiveDropped | None = None) -> None:
        self._limit = limit
        self._max_age_us = max_age_us
        self._dropped = dropped or LiveDropped()
        self._lock = threading.Lock()
        self._waiting: dict[StreamName, Waiting] = {stream: {} for stream in _STREAMS}
        self._size = 0

    @property
    def filled(self) -> float:
        """How full it is, from 0 to 1."""
        return self._size / self._limit

    def offer(self, live: LiveFragment) -> None:
        """Put a fragment at the end."""
        with self._lock:
            self._waiting[live.stream].setdefault(live.partition, deque()).append(live)
            self._size += live.size
            if self._size > self._limit:
                self._make_room()

    def give_back(self, fragments: Sequence[LiveFragment]) -> None:
        """Put back what could not be sent; it is the oldest of its partition."""
        with self._lock:
            for live in reversed(fragments):
                self._waiting[live.stream].setdefault(live.partition, deque()).appendleft(live)
                self._size += live.size
            self._make_room()

    def take(self, busy: set[int], now_us: int) -> dict[int, list[LiveFragment]]:
        """All that waits for partitions that are not busy, without what is too old."""
        with self._lock:
            for stream in _STREAMS:
                while (head := self._oldest(stream)) is not None and now_us - head.offered_us > self._max_age_us:
                    self._drop(head, "old")
            taken: dict[int, list[LiveFragment]] = {}
            for waiting in reversed(self._waiting.values()):
                for number in [number for number in waiting if number not in busy]:
                    taken.setdefault(number, []).extend(waiting.pop(number))
            taken = {number: fragments for number, fragments in taken.items() if fragments}
            self._size -= sum(live.size for fragments in taken.values() for live in fragments)
            metrics.LIVE_WAITING.set(self._size)
        return taken

    def _make_room(self) -> None:
        while self._size > self._limit:
            oldest = next(filter(None, map(self._oldest, _STREAMS)))
            self._drop(oldest, "full")

    def _oldest(self, stream: StreamName) -> LiveFragment | None:
        heads = [waiting[0] for waiting in self._waiting[stream].values() if waiting]
        return min(heads, key=lambda live: live.offered_us, default=None)

    def _drop(self, oldest: LiveFragment, reason: str) -> None:
        self._waiting[oldest.stream][oldest.partition].popleft()
        self._size -= oldest.size
        self._dropped.count([oldest], reason)
