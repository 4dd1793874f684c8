"""A batch under way: what the polling thread and the handler's thread both need to know of it."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from confluent_kafka import Message as Record

Position = tuple[str, int]
"""A topic and the number of one of its partitions."""


def position_of(record: Record) -> Position:
    """The partition that a record is from."""
    return str(record.topic()), record.partition() or 0


@dataclass
class Flight:
    """A batch between fetch and commit.

    `hurry` says that a partition of it is about to be taken away: wait for no part that is away, give up instead.
    `fenced` says that it was taken away: publish nothing more, its new owner does that.
    """

    records: Sequence[Record] = ()
    hurry: threading.Event = field(default_factory=threading.Event)
    fenced: threading.Event = field(default_factory=threading.Event)
    job: Future[None] = field(default_factory=Future)
    _gone: set[Position] = field(default_factory=set)

    def touches(self, positions: set[Position]) -> bool:
        """Whether any of its records is from these partitions."""
        return any(position_of(record) in positions for record in self.records)

    def fence(self, positions: Iterable[Position]) -> None:
        """These partitions are another's from now on, even if they come back while the batch is under way."""
        self.fenced.set()
        self._gone.update(positions)

    def kept(self) -> list[Record]:
        """The records whose partitions this replica has kept all the while."""
        return [record for record in self.records if position_of(record) not in self._gone]

    def ends(self) -> dict[Position, int]:
        """The offset after the last record of each kept partition: what to commit when the effect is there."""
        return {position_of(record): (record.offset() or 0) + 1 for record in self.kept()}
