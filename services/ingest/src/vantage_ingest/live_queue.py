"""The live fragments that wait for the object store: bounded in bytes and age, and the oldest goes first."""

import threading
from collections import deque
from collections.abc import Sequence

from vantage_ingest import metrics
from vantage_ingest.domain.pack import LiveFragment


class LiveQueue:
    """The fragments that wait, by partition; never more than `limit` bytes, never older than `max_age_us`."""

    def __init__(self, limit: int, max_age_us: int) -> None:
        self._limit = limit
        self._max_age_us = max_age_us
        self._lock = threading.Lock()
        self._waiting: dict[int, deque[LiveFragment]] = {}
        self._size = 0

    def offer(self, live: LiveFragment) -> None:
        """Put a fragment at the end; the oldest of all go where there is no room."""
        with self._lock:
            self._waiting.setdefault(live.partition, deque()).append(live)
            self._count(live.size)
            while self._size > self._limit:
                self._drop_oldest("full")

    def give_back(self, fragments: Sequence[LiveFragment]) -> None:
        """Put back what could not be sent; it is the oldest of its partition."""
        with self._lock:
            for live in reversed(fragments):
                self._waiting.setdefault(live.partition, deque()).appendleft(live)
                self._count(live.size)
            while self._size > self._limit:
                self._drop_oldest("full")

    def take(self, busy: set[int], now_us: int) -> dict[int, list[LiveFragment]]:
        """All that waits for partitions that are not busy, without what is too old."""
        with self._lock:
            while (head := self._oldest()) is not None and now_us - head.offered_us > self._max_age_us:
                self._drop_oldest("old")
            taken = {number: list(waiting) for number, waiting in self._waiting.items() if number not in busy}
            for number, fragments in taken.items():
                del self._waiting[number]
                self._count(-sum(live.size for live in fragments))
        return {number: fragments for number, fragments in taken.items() if fragments}

    def _oldest(self) -> LiveFragment | None:
        heads = [waiting[0] for waiting in self._waiting.values() if waiting]
        return min(heads, key=lambda live: live.offered_us, default=None)

    def _drop_oldest(self, reason: str) -> None:
        oldest = self._oldest()
        if oldest is not None:
            self._waiting[oldest.partition].popleft()
            self._count(-oldest.size)
            metrics.LIVE_DROPPED.labels(reason).inc()

    def _count(self, change: int) -> None:
        self._size += change
        metrics.LIVE_WAITING.set(self._size)
