"""Which recorded fragments cover a window, and where nothing does.

Two ingest replicas may have read a camera at the same time for a while; the higher epoch wins. A fragment is shown
whole, so at a seam up to one fragment of the lower epoch is seen twice rather than not at all.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from vantage_api.domain.playlist import Entry, recorded_playlist

_SEAM_US = 100_000
"""Fragments that are closer than this (microseconds) follow one another without a gap."""


@dataclass(frozen=True)
class Recorded:
    """A recording as the index lists it. A fragment is (start, duration, offset, length)."""

    epoch: int
    start_us: int
    end_us: int
    picture: tuple[str, int, int]
    fragments: Sequence[tuple[int, int, int, int]]
    gap_cause: str = ""

    @property
    def name(self) -> str:
        """Its name below a view: within a camera a recording is known by its start and epoch."""
        return f"{self.start_us}-{self.epoch}"


@dataclass(frozen=True)
class Chosen:
    """One fragment that is shown: its recording, its place in it, and its time."""

    recording: Recorded
    index: int
    start_us: int
    duration_us: int

    @property
    def end_us(self) -> int:
        """Where it ends, UTC microseconds of capture."""
        return self.start_us + self.duration_us


@dataclass(frozen=True)
class Gap:
    """Time in the window that no recording shows, and why as far as the index knows."""

    start_us: int
    end_us: int
    cause: str


def choose(recordings: Iterable[Recorded], from_us: int, to_us: int) -> list[Chosen]:
    """The fragments that show [from_us, to_us), in order of time."""
    ordered = sorted(recordings, key=lambda one: -one.epoch)
    covered: list[tuple[int, int]] = []
    chosen: list[Chosen] = []
    for _, group in groupby(ordered, key=lambda one: one.epoch):
        found = [one for one in _within(group, from_us, to_us) if not _covers(covered, one)]
        chosen += found
        covered = _merged([*covered, *((one.start_us, one.end_us) for one in found)])
    return sorted(chosen, key=lambda one: (one.start_us, one.recording.epoch))


def gaps(chosen: Sequence[Chosen], from_us: int, to_us: int) -> list[Gap]:
    """Where the window is not shown; the cause is that of the recording after the gap, `not-recorded` without one."""
    found = []
    reached = from_us
    for one in chosen:
        if one.start_us - reached > _SEAM_US:
            found.append(Gap(reached, one.start_us, _cause(one)))
        reached = max(reached, one.end_us)
    if to_us - reached > _SEAM_US:
        found.append(Gap(reached, to_us, "not-recorded"))
    return found


def playlist(chosen: Sequence[Chosen]) -> str:
    """The chosen fragments as a playlist."""
    befores: list[Chosen | None] = [None, *chosen]
    return recorded_playlist([_entry(one, before) for one, before in zip(chosen, befores, strict=False)])


def _cause(after: Chosen) -> str:
    return (after.recording.gap_cause if after.index == 0 else "") or "not-recorded"


def _within(recordings: Iterable[Recorded], from_us: int, to_us: int) -> Iterator[Chosen]:
    for recording in recordings:
        for index, (start, duration, *_) in enumerate(recording.fragments):
            if start < to_us and start + duration > from_us:
                yield Chosen(recording, index, start, duration)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that touch (seams aside) as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start - merged[-1][1] <= _SEAM_US:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _covers(covered: Sequence[tuple[int, int]], one: Chosen) -> bool:
    """Whether one of the merged spans shows all of a fragment, seams aside."""
    at = bisect_right(covered, one.start_us + _SEAM_US, key=lambda span: span[0])
    return at > 0 and covered[at - 1][1] >= one.end_us - _SEAM_US


def _entry(one: Chosen, before: Chosen | None) -> Entry:
    recording = one.recording
    return Entry(
        uri=f"segments/{recording.name}-{one.index}.m4s",
        start_us=one.start_us,
        duration_us=one.duration_us,
        init_uri=f"init/{recording.name}.mp4",
        discontinuity=before is not None and _breaks(before, one),
    )


def _breaks(before: Chosen, one: Chosen) -> bool:
    old, new = before.recording, one.recording
    return old.epoch != new.epoch or old.picture != new.picture or abs(one.start_us - before.end_us) > _SEAM_US
