"""Which live fragments nobody will record any more, and the recordings that can be made of them.

A fragment is an *orphan* when the ownership (epoch) under which it was read has ended, and no recording has it although
there was time for one. What of it is in `live` still is rebuilt; the rest was lost with its node.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from vantage.contracts import Fragment
from vantage_storage.domain.ledger import LOST, Cause
from vantage_storage.domain.spans import Span, Spans, clipped, difference, union

SLOT_US = 60_000_000
_DETAIL = "it was in a spool that is lost with its node"


@dataclass(frozen=True)
class Ownerships:
    """A camera's epochs, each with when it was last heard of (UTC microseconds). `listening_us` is since when we would
    have heard: who was silent before that is not known to be gone.
    """

    heard: Mapping[int, int]
    listening_us: int
    grace_us: int

    def ended(self, epoch: int, now: int, default: int = 0) -> bool:
        """Whether the ownership has ended: a later one was heard of, or none for the grace. `default` stands for when
        an epoch was heard that only its fragments tell of.
        """
        if any(other > epoch for other in self.heard):
            return True
        return now - max(self.heard.get(epoch, default), self.listening_us) > self.grace_us

    def any_ended(self, now: int) -> bool:
        """Whether there may be an orphan at all."""
        return any(self.ended(epoch, now) for epoch in self.heard)


@dataclass(frozen=True)
class Search:
    """Where one camera is looked at: the time that nobody accounts for, and what is there or explained otherwise."""

    holes: Spans
    covered: Spans
    explained: Sequence[Cause]


@dataclass(frozen=True)
class Verdict:
    """What is to be made of a camera's fragments. `undecided` are those whose owner lives."""

    slots: list[list[Fragment]]
    known: Mapping[int, Span] = field(default_factory=dict)
    undecided: bool = False


@dataclass(frozen=True)
class Fetched:
    """An orphan as `live` gave it: the initialisation segment, and the moof and mdat that its digest is of."""

    fragment: Fragment
    init: bytes
    data: bytes


def judge(fragments: Iterable[Fragment], search: Search, ownerships: Ownerships, now: int) -> Verdict:
    """The orphans that lie in the holes, in slots of a minute of one epoch, each to be rebuilt by itself.

    `known` is what each epoch that has ended is known to have read, from its first fragment to its last.
    """
    found = sorted({(one.epoch, one.start): one for one in fragments}.values(), key=lambda one: (one.epoch, one.start))
    missing = [one for one in found if difference([(one.start, _end(one))], search.covered)]
    orphans = [one for one in missing if ownerships.ended(one.epoch, now, _end(one))]
    extents: dict[int, Span] = {}
    for one in found:
        low, high = extents.get(one.epoch, (one.start, one.start))
        extents[one.epoch] = low, max(high, _end(one))
    ended = {one.epoch for one in orphans}
    return Verdict(
        [list(slot) for _, slot in groupby(orphans, lambda one: (one.epoch, one.start // SLOT_US))],
        {epoch: span for epoch, span in extents.items() if epoch in ended},
        undecided=len(orphans) < len(missing),
    )


def recordings(slot: Sequence[Fetched]) -> Iterator[list[Fetched]]:
    """What one recording can hold each: fragments that follow one another, of one picture, origin and first segment."""
    run: list[Fetched] = []
    for one in slot:
        if run and not _follows(run[-1], one):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def lost(verdict: Verdict, search: Search, rebuilt: Spans) -> list[Span]:
    """What the ended ownerships read and nobody has: between their first fragment and their last."""
    read = union(verdict.known.values())
    there = union([*search.covered, *rebuilt, *((one.start, one.end) for one in search.explained)])
    return difference([part for hole in search.holes for part in clipped(read, hole)], there)


def before(start: int, search: Search, rebuilt: Spans) -> Cause | None:
    """Why nothing is there directly before `start`; None where something is, or nothing is known of the time before."""
    ends = [min(end, start) for begun, end in union([*search.covered, *rebuilt]) if begun < start]
    if not ends or ends[-1] == start:
        return None
    gap = (ends[-1], start)
    why = next((one for one in search.explained if one.start < start and gap[0] < one.end), None)
    return Cause(*gap, why.cause, why.detail) if why else Cause(*gap, LOST, _DETAIL)


def _follows(one: Fetched, other: Fetched) -> bool:
    last, new = one.fragment, other.fragment
    return (
        _end(last) == new.start
        and one.init == other.init
        and (last.epoch, last.picture, last.origin) == (new.epoch, new.picture, new.origin)
    )


def _end(fragment: Fragment) -> int:
    return fragment.start + fragment.duration
