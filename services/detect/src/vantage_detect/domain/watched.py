"""What detect remembers of one camera: which fragment it has last taken, and the objects it follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vantage.contracts import Fragment
from vantage_detect.domain.candidates import Sighting
from vantage_detect.domain.followed import Ended, Finished
from vantage_detect.domain.tracker import Tracker

Refusal = Literal["repeated", "superseded"]
Place = tuple[int, int]
"""Epoch and sequence: where a fragment stands in its camera's stream."""

NUMBERS_A_FRAGMENT = 1000
"""More tracks than can be confirmed in a fragment."""


def refusal(last: Place | None, fragment: Fragment) -> Refusal | None:
    """Why a fragment is not to be taken after the one at `last`: it was there before, or another owner is at work."""
    if last is None or (fragment.epoch, fragment.sequence) > last:
        return None
    return "superseded" if fragment.epoch < last[0] else "repeated"


@dataclass(frozen=True)
class Numbered:
    """The frames of a fragment with a track's number for each sighting, and the tracks that ended meanwhile."""

    numbers: list[list[int | None]]
    finished: list[Finished]


class Watched:
    """One camera in one epoch.

    Numbers begin at 1 with an epoch. Who takes a camera over within an epoch, after a restart or a handover, begins at
    a number that whoever was there before cannot have reached: an epoch never has two tracks of one number.
    """

    def __init__(self, fragment: Fragment, lost_after_us: int) -> None:
        self.last: Place = (fragment.epoch, fragment.sequence)
        self._tracker = Tracker(lost_after_us, 1 + fragment.sequence * NUMBERS_A_FRAGMENT)

    @property
    def epoch(self) -> int:
        """The ownership whose stream this is."""
        return self.last[0]

    def take(self, fragment: Fragment, looks: Sequence[tuple[int, list[Sighting]]]) -> Numbered:
        """Follow the objects through the next fragment's looks: time (UTC microseconds) and sightings each."""
        self.last = (fragment.epoch, fragment.sequence)
        numbers, finished = [], []
        for at_us, seen in looks:
            found, ended = self._tracker.look(at_us, seen)
            numbers.append(found)
            finished += ended
        return Numbered(numbers, finished)

    def end(self, ended: Ended | None = None) -> list[Finished]:
        """End every track."""
        return self._tracker.end(ended)

    def __len__(self) -> int:
        return len(self._tracker)
