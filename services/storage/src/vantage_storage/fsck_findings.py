"""What a check has found so far: told at once to who watches, counted for the end. Safe to use from several threads."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from vantage_storage.domain.disagreement import IN_FLIGHT, KINDS, Disagreement

Tell = Callable[[Disagreement], None]


@dataclass(frozen=True)
class Scope:
    """Which cameras (all without any) and which days of capture, both ends included, are looked at."""

    cameras: Collection[str] = ()
    first_day: int | None = None
    last_day: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return not self.cameras and self.first_day is None and self.last_day is None

    def has_camera(self, camera_id: str) -> bool:
        """Whether a camera is looked at."""
        return not self.cameras or camera_id in self.cameras

    def has_day(self, day: int) -> bool:
        """Whether a day is looked at."""
        return (self.first_day is None or day >= self.first_day) and (self.last_day is None or day <= self.last_day)


@dataclass
class Findings:
    """Counts, and the kinds that were found. Millions of disagreements take no more memory than one."""

    tell: Tell
    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    lost_copies: list[tuple[str, str]] = field(default_factory=list)
    """Hold and object of copies that are gone, as many as are repaired at once."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def looked_at(self, what: str, number: int = 1) -> None:
        """So many rows, objects, copies were looked at."""
        with self._lock:
            self.counts[what] += number

    def found(self, disagreements: Iterable[Disagreement]) -> None:
        """These were found, at each of two looks."""
        with self._lock:
            for one in disagreements:
                if one.kind == IN_FLIGHT:
                    self.counts["in_flight"] += 1
                    continue
                self.kinds[one.kind] += 1
                self.tell(one)

    def lost(self, hold_id: str, key: str) -> None:
        """A copy is gone."""
        with self._lock:
            if len(self.lost_copies) < _MOST_LOST:
                self.lost_copies.append((hold_id, key))

    @property
    def chores(self) -> list[str]:
        """The chores whose rounds mend some of it, in the order in which they are to be done."""
        named = {KINDS[kind].chore for kind in self.kinds}
        return [one for one in _REPAIRS if one in named]


_MOST_LOST = 10_000
_REPAIRS = ("evidence", "locks", "holds", "erasure", "sweep", "receipts")
