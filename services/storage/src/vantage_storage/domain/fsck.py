"""Compares what the index says of a camera's day with what the store lists of it: both sorted by key, one pass."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol, TypeVar

from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.disagreement import IN_FLIGHT, Disagreement, since
from vantage_storage.domain.policy import STANDARD, PolicyHistory

_SECOND_US = 1_000_000


class OfObject(Protocol):
    """A row that says where its bytes are."""

    @property
    def object(self) -> str:
        """The key."""
        ...


R = TypeVar("R", bound=OfObject)


@dataclass(frozen=True)
class Row:
    """What the index says of one recording. `held` forbids to erase it; `garbage` means that its object may be gone."""

    object: str
    recording_id: str
    size: int
    sha256: str
    end_us: int
    retention_class: str
    garbage: bool
    held: bool


@dataclass(frozen=True)
class Seen:
    """One version of an object as the store lists it; a `marker` is the mark of a deletion."""

    key: str
    size: int
    modified_us: int
    version: str
    marker: bool


@dataclass(frozen=True)
class Listed:
    """All versions of one object. Which is the newest, no list says: `current` is the one that changed last, and of the
    same second (some stores know no smaller time) the mark of a deletion, since nothing is written under its key again.
    """

    key: str
    versions: Sequence[Seen]

    @property
    def current(self) -> Seen | None:
        """What a reader gets; None where the object is deleted."""
        newest = max(self.versions, key=lambda one: (one.modified_us // _SECOND_US, one.marker, one.modified_us))
        return None if newest.marker else newest

    @property
    def extras(self) -> list[Seen]:
        """What a reader does not get."""
        current = self.current
        return [one for one in self.versions if one is not current]


@dataclass(frozen=True)
class Times:
    """By what the check decides what is too old: now, and how young an object may be that no row names yet."""

    now_us: int
    grace_us: int


def listed(seen: Iterable[Seen]) -> Iterator[Listed]:
    """The versions of a list in key order, an object at a time."""
    for key, versions in groupby(seen, lambda one: one.key):
        yield Listed(key, list(versions))


def pairs(rows: Iterable[R], objects: Iterable[Listed]) -> Iterator[tuple[R | None, Listed | None]]:
    """Each key once, with what either side has of it. Both sides in the order of their keys, each key once a side."""
    left, right = iter(rows), iter(objects)
    row, there = next(left, None), next(right, None)
    while row is not None or there is not None:
        if there is None or (row is not None and row.object < there.key):
            yield row, None
            row = next(left, None)
        elif row is None or there.key < row.object:
            yield None, there
            there = next(right, None)
        else:
            yield row, there
            row, there = next(left, None), next(right, None)


class DayCheck:
    """Judges the pairs of one camera's day. `class_otherwise` is the class of an object that has no row."""

    def __init__(self, camera_id: str, day: int, class_otherwise: str, history: PolicyHistory, times: Times) -> None:
        self._camera_id = camera_id
        self._history = history
        self._times = times
        due_us = history.due_us(class_otherwise or STANDARD, (day + 1) * DAY_US)
        self._leftovers_past = due_us + DAY_US < times.now_us

    def judge(self, row: Row | None, there: Listed | None) -> Iterator[Disagreement]:
        """What the pair disagrees about; IN_FLIGHT is none."""
        if row is not None and not row.garbage:
            yield from self._of_row(row, there)
        if there is not None:
            yield from self._of_object(row, there)

    def _of_row(self, row: Row, there: Listed | None) -> Iterator[Disagreement]:
        current = there.current if there else None
        if current is None:
            yield self._found("indexed-but-missing", row.recording_id, f"{row.size} bytes at {row.object}")
        elif current.size != row.size:
            yield self._found("size-differs", row.recording_id, f"{current.size} bytes, {row.size} are indexed")
        due_us = self._history.due_us(row.retention_class, row.end_us)
        if due_us + DAY_US < self._times.now_us and not row.held:
            yield self._found("past-retention", row.recording_id, f"due {since(due_us)}")

    def _of_object(self, row: Row | None, there: Listed) -> Iterator[Disagreement]:
        current = there.current
        if row is None and current is not None:
            yield self._without_row(current)
        for one in there.extras:
            if self._leftovers_past:
                yield self._found("leftover-past-retention", one.key, f"version {one.version}")
            elif row is None or not row.garbage:
                what = "mark of a deletion" if one.marker else f"{one.size} bytes"
                yield self._found("extra-version", one.key, f"version {one.version}: {what}")

    def _without_row(self, one: Seen) -> Disagreement:
        value = f"{one.size} bytes {since(one.modified_us)}"
        if one.modified_us + self._times.grace_us > self._times.now_us:
            return self._found(IN_FLIGHT, one.key, value)
        return self._found("leftover-past-retention" if self._leftovers_past else "object-without-row", one.key, value)

    def _found(self, kind: str, what: str, value: str) -> Disagreement:
        return Disagreement(kind, self._camera_id, what, value)
