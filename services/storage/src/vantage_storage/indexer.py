"""Writes what the event log announces into the index, each message once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from vantage.clock import Clock
from vantage.contracts import Recording, Track
from vantage.stream import Handler, Outgoing, Poison, Received
from vantage_storage.domain.day import compact, day_of
from vantage_storage.domain.fault import recording_fault, track_fault
from vantage_storage.errors import Contradiction
from vantage_storage.metrics import LATE_DAYS

_log = structlog.get_logger()

TOPICS = ("recordings.v1", "tracks.v1")


class Index(Protocol):
    """The index, as far as the indexer needs it. Each call may raise a Retryable."""

    def next_offsets(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
        """Where to read each partition on."""

    def make_days(self, days: Iterable[int]) -> list[int]:
        """Make the tables of the days that are missing; those made now."""

    def write(
        self, recordings: Sequence[Recording], tracks: Sequence[Track], offsets: Mapping[tuple[str, int], int]
    ) -> None:
        """Write all or nothing. Raises Contradiction."""


class Indexer(Handler[Recording | Track]):
    """The handler of both topics. Its place in them is the index's, not the group's: see `docs/design/storage.md`."""

    def __init__(self, index: Index, clock: Clock, days_ahead: int) -> None:
        self._index = index
        self._clock = clock
        self._days_ahead = days_ahead
        self._today: int | None = None

    def start_offsets(self, topic: str, partitions: Sequence[int]) -> Mapping[int, int]:
        """Where the rows end that were written."""
        return self._index.next_offsets(topic, partitions)

    def idle(self) -> Iterable[Outgoing]:
        """Make days ahead once a day."""
        self._make_days_ahead()
        return ()

    def handle(self, batch: Sequence[Received[Recording | Track]]) -> Iterable[Outgoing]:
        """Write the batch. Raises Poison for a message at odds with itself or with the index."""
        for received in batch:
            if fault := _fault(received.message):
                raise Poison(received, fault)
        self._make_days_ahead()
        self._make_late_days(batch)
        recordings = [one for one in batch if isinstance(one.message, Recording)]
        tracks = [one.message for one in batch if isinstance(one.message, Track)]
        ends = {(one.topic, one.partition): one.offset + 1 for one in batch}
        try:
            self._index.write([one.message for one in recordings if isinstance(one.message, Recording)], tracks, ends)
        except Contradiction as found:
            raise Poison(
                recordings[found.position], _contradiction(recordings[found.position].message, found)
            ) from found
        return ()

    def _make_days_ahead(self) -> None:
        today = day_of(self._clock.now_us())
        if today != self._today:
            self._index.make_days(range(today, today + self._days_ahead + 1))
            self._today = today

    def _make_late_days(self, batch: Sequence[Received[Recording | Track]]) -> None:
        first = {day_of(one.message.start): one.message.camera_id for one in reversed(batch)}
        for day in self._index.make_days(first):
            LATE_DAYS.inc()
            _log.warning("tables made for a day that was not expected", day=compact(day), camera=first[day])


def _fault(message: Recording | Track) -> str | None:
    return recording_fault(message) if isinstance(message, Recording) else track_fault(message)


def _contradiction(message: Recording | Track, found: Contradiction) -> str:
    offered = message.sha256 if isinstance(message, Recording) else ""
    return f"the recording is indexed with SHA-256 {found.kept}, this message says {offered}; the index stays as it is"
