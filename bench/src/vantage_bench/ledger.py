"""The seconds of one camera, summed from its events: owed, recorded, explained, and what nobody can explain. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vantage.contracts import Recording


@dataclass(frozen=True)
class Account:
    """Microseconds of capture. `owed` is `recorded` and `explained` and `unexplained` together, to the last one.

    `doubled` is what two epochs recorded both, which counts once: the higher one wins.
    """

    owed: int = 0
    recorded: int = 0
    explained: int = 0
    unexplained: int = 0
    doubled: int = 0
    gaps: int = 0

    def __add__(self, other: "Account") -> "Account":
        return Account(
            self.owed + other.owed,
            self.recorded + other.recorded,
            self.explained + other.explained,
            self.unexplained + other.unexplained,
            self.doubled + other.doubled,
            self.gaps + other.gaps,
        )

    @property
    def adds_up(self) -> bool:
        """Whether every microsecond that was owed is recorded or has a cause."""
        return self.unexplained == 0 and self.owed == self.recorded + self.explained


def account(recordings: Iterable[Recording]) -> Account:
    """One camera's account, from the begin of its first recording to the end of its last.

    A gap is explained by the recording that ends it, which names the cause. Each microsecond is counted by walking
    the recordings in time, not by subtracting sums, so that the parts adding up is a finding.
    """
    ordered = sorted(recordings, key=lambda one: (one.start, -one.epoch))
    return _walk(ordered) if ordered else Account()


def _walk(ordered: Sequence[Recording]) -> Account:
    recorded = explained = unexplained = doubled = gaps = 0
    reached = ordered[0].start
    for one in ordered:
        if one.start > reached:
            gaps += 1
            missing = one.start - reached
            known = one.gap_before is not None and one.gap_before.cause != "unexplained"
            explained, unexplained = explained + missing * known, unexplained + missing * (not known)
            reached = one.start
        doubled += max(0, min(reached, one.end) - one.start)
        recorded += max(0, one.end - reached)
        reached = max(reached, one.end)
    return Account(reached - ordered[0].start, recorded, explained, unexplained, doubled, gaps)
