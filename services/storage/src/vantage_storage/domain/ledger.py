"""The account of one camera over a window: what was owed, what is recorded, and why the rest is not there.

    owed = recorded + explained + unexplained

holds exactly, in microseconds. *Owed* is time in which the scheme had the camera in state `recording` under an
authority that had not ended. Time in another state is not owed, since recording then would be the fault; it has its
row all the same, so that whoever asks for a moment is answered. What is missing and younger than the *horizon* is
*pending*: its recording may be under way still. It is neither owed nor missing until it can be judged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vantage_storage.domain.spans import Span, Spans, clipped, difference, intersection, length, union

UNEXPLAINED = "unexplained"
LOST = "lost-with-node"
NOT_OWED = {"maintenance", "authority-expired"}


@dataclass(frozen=True)
class State:
    """What the scheme wanted of a camera from `changed_us` on, until its next state."""

    changed_us: int
    state: str
    authority_expires_us: int


@dataclass(frozen=True)
class Cause:
    """Something that explains the moments in it which are not recorded."""

    start: int
    end: int
    cause: str
    detail: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known of a camera in a window. `causes` go from the best witness to the worst."""

    states: Sequence[State]
    recorded: Spans
    causes: Sequence[Sequence[Cause]] = ()


@dataclass(frozen=True)
class Gap:
    """Time that is not recorded, and why."""

    start: int
    end: int
    cause: str
    detail: str
    owed: bool


@dataclass(frozen=True)
class Account:
    """The figures of one window, microseconds, and its gaps in order."""

    owed_us: int = 0
    recorded_us: int = 0
    explained_us: int = 0
    unexplained_us: int = 0
    pending_us: int = 0
    gaps: list[Gap] = field(default_factory=list)


def settle(window: Span, evidence: Evidence, horizon: int, now: int) -> Account:
    """The account of the window; what is missing after `horizon` is not judged, what lies after `now` is not counted.

    What is recorded counts whether it was owed or not; only what was owed is in the sum.
    """
    window = (window[0], max(window[0], min(window[1], now)))
    wanted, idle = _wanted(evidence.states, window)
    recorded = clipped(evidence.recorded, window)
    missing = difference(wanted, recorded)
    judged = clipped(missing, (window[0], horizon))
    gaps = list(_explain(judged, evidence.causes))
    gaps += [_part(one, span, owed=False) for one in idle for span in difference([(one.start, one.end)], recorded)]
    unexplained = length((gap.start, gap.end) for gap in gaps if gap.cause == UNEXPLAINED)
    found = length(intersection(wanted, recorded))
    return Account(
        owed_us=found + length(judged),
        recorded_us=found,
        explained_us=length(judged) - unexplained,
        unexplained_us=unexplained,
        pending_us=length(missing) - length(judged),
        gaps=sorted(gaps, key=lambda gap: gap.start),
    )


def owed(states: Sequence[State], window: Span) -> list[Span]:
    """The time of the window in which the camera was wanted to record."""
    return _wanted(states, window)[0]


def _wanted(states: Sequence[State], window: Span) -> tuple[list[Span], list[Cause]]:
    """What is owed in the window, and what is not, with its cause. A retired camera owes nothing and has no gaps."""
    ordered = sorted(states, key=lambda state: state.changed_us)
    ends = [*(state.changed_us for state in ordered), window[1]][1:]
    owed: list[Span] = []
    idle: list[Cause] = []
    for state, until in zip(ordered, ends, strict=True):
        start, end = max(state.changed_us, window[0]), min(until, window[1])
        if state.state == "recording":
            expires = min(max(state.authority_expires_us, start), max(start, end))
            owed.append((start, expires))
            idle.append(Cause(expires, end, "authority-expired", "the camera's authority had ended"))
        elif state.state == "paused":
            idle.append(Cause(start, end, *_why_paused(state, start)))
    return union(owed), [one for one in idle if one.start < one.end]


def _why_paused(state: State, start: int) -> tuple[str, str]:
    """The scheme pauses a camera whose authority has ended; `paused` without that is maintenance."""
    if state.authority_expires_us <= start:
        return "authority-expired", "the camera's authority had ended"
    return "maintenance", "the scheme had it paused"


def _explain(missing: Spans, witnesses: Sequence[Sequence[Cause]]) -> Iterator[Gap]:
    """Each missing moment under the first witness that has a cause for it, else unexplained."""
    left = list(missing)
    for causes in witnesses:
        for one in sorted(causes, key=lambda cause: (cause.start, cause.end)):
            if one.cause != UNEXPLAINED:
                explained = clipped(left, (one.start, one.end))
                left = difference(left, explained)
                yield from (_part(one, span, owed=True) for span in explained)
    said = [one for causes in witnesses for one in causes if one.cause == UNEXPLAINED]
    yield from (_unexplained(span, said) for span in left)


def _part(cause: Cause, span: Span, *, owed: bool) -> Gap:
    return Gap(*span, cause.cause, cause.detail, owed)


def _unexplained(span: Span, said: Iterable[Cause]) -> Gap:
    """Without a cause, yet perhaps with somebody's words about it."""
    detail = next((one.detail for one in said if one.start < span[1] and span[0] < one.end), "")
    return Gap(*span, UNEXPLAINED, detail, owed=True)
