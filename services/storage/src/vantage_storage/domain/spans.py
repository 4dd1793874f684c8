"""Sets of time as *spans*: half-open intervals of microseconds, in order, neither touching nor overlapping."""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]
Spans = Sequence[Span]


def union(spans: Iterable[Span]) -> list[Span]:
    """The set of all moments that are in any of these, which may overlap, be empty and come in any order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def intersection(one: Spans, other: Spans) -> list[Span]:
    """The moments that are in both."""
    found: list[Span] = []
    at = 0
    for start, end in one:
        while at < len(other) and other[at][1] <= start:
            at += 1
        here = at
        while here < len(other) and other[here][0] < end:
            found.append((max(start, other[here][0]), min(end, other[here][1])))
            here += 1
    return found


def difference(one: Spans, other: Spans) -> list[Span]:
    """The moments of `one` that are not in `other`."""
    found: list[Span] = []
    at = 0
    for start, end in one:
        while at < len(other) and other[at][1] <= start:
            at += 1
        here, begun = at, start
        while here < len(other) and other[here][0] < end:
            if begun < other[here][0]:
                found.append((begun, other[here][0]))
            begun = max(begun, other[here][1])
            here += 1
        if begun < end:
            found.append((begun, end))
    return found


def clipped(spans: Iterable[Span], window: Span) -> list[Span]:
    """The spans as far as they lie in the window."""
    low, high = window
    return union((max(start, low), min(end, high)) for start, end in spans)


def length(spans: Iterable[Span]) -> int:
    """Microseconds in all."""
    return sum(end - start for start, end in spans)
