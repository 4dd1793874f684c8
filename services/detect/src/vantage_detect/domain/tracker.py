"""Follows objects through one camera's picture, and only there: nothing of a track is ever compared with another's
camera.

Two stages after ByteTrack (Zhang et al. 2022): sure sightings meet predictions first; what is left of the predictions
may then be kept alive by unsure ones. Association is by overlap alone, within a label: nothing looks at what a person
looks like.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from vantage_detect.domain.boxes import overlap, widened
from vantage_detect.domain.candidates import SEEN_FROM, Sighting
from vantage_detect.domain.followed import Ended, Finished, Followed

_WIDENED = 0.15
_SURE_OVERLAP = 0.2
_UNSURE_OVERLAP = 0.4
_CONFIRMED_BY = 2
_UNCONFIRMED_MISSES = 1
_MOST_FOLLOWED = 200

Pair = tuple[Followed, int]


class Tracker:
    """The tracks of one camera in one epoch. Memory is bounded: so many objects, so many points each.

    `first_number` is what the first confirmed track is called; numbers grow by one and are never used again.
    """

    def __init__(self, lost_after_us: int, first_number: int = 1) -> None:
        self._lost_after_us = lost_after_us
        self._next_number = first_number
        self._followed: list[Followed] = []

    def look(self, at_us: int, seen: Sequence[Sighting]) -> tuple[list[int | None], list[Finished]]:
        """Take one frame: the track's number for each sighting in the order given, and the tracks that ended.

        Times grow from look to look. The order of the sightings changes nothing.
        """
        finished = self._end_lost(at_us)
        order = sorted(range(len(seen)), key=lambda index: _rank(seen[index]))
        pairs = self._associate(at_us, seen, order)
        for followed, index in pairs:
            followed.see(at_us, seen[index])
            self._confirm(followed)
        self._forget_unconfirmed({id(followed) for followed, _ in pairs})
        numbers: list[int | None] = [None] * len(seen)
        for followed, index in pairs:
            numbers[index] = followed.number
        self._begin(at_us, [seen[index] for index in order if index not in {index for _, index in pairs}])
        return numbers, finished

    def end(self, ended: Ended | None = None) -> list[Finished]:
        """End every track now; without a reason each says whether it had left or was lost."""
        finished = [done for followed in self._followed if (done := followed.finished(ended)) is not None]
        self._followed = []
        return finished

    def __len__(self) -> int:
        return len(self._followed)

    def _associate(self, at_us: int, seen: Sequence[Sighting], order: Sequence[int]) -> list[Pair]:
        sure = [index for index in order if seen[index].score >= SEEN_FROM]
        unsure = [index for index in order if seen[index].score < SEEN_FROM]
        first = _matched(at_us, self._followed, seen, sure, _SURE_OVERLAP)
        met = {id(followed) for followed, _ in first}
        rest = [followed for followed in self._followed if id(followed) not in met]
        return first + _matched(at_us, rest, seen, unsure, _UNSURE_OVERLAP)

    def _confirm(self, followed: Followed) -> None:
        if followed.number is None and followed.observations >= _CONFIRMED_BY:
            followed.number = self._next_number
            self._next_number += 1

    def _end_lost(self, at_us: int) -> list[Finished]:
        lost = [followed for followed in self._followed if at_us - followed.seen_us > self._lost_after_us]
        self._followed = [followed for followed in self._followed if at_us - followed.seen_us <= self._lost_after_us]
        return [done for followed in lost if (done := followed.finished()) is not None]

    def _forget_unconfirmed(self, met: set[int]) -> None:
        for followed in self._followed:
            followed.missed += id(followed) not in met
        self._followed = [
            followed
            for followed in self._followed
            if followed.number is not None or followed.missed <= _UNCONFIRMED_MISSES
        ]

    def _begin(self, at_us: int, unmet: Sequence[Sighting]) -> None:
        room = _MOST_FOLLOWED - len(self._followed)
        sure = [sighting for sighting in unmet if sighting.score >= SEEN_FROM]
        self._followed += [Followed.begin(at_us, sighting) for sighting in sure[: max(0, room)]]


def _rank(sighting: Sighting) -> tuple[float, str, tuple[int, int, int, int]]:
    return -sighting.score, sighting.label, sighting.box


def _matched(
    at_us: int, followed: Sequence[Followed], seen: Sequence[Sighting], indices: Sequence[int], least: float
) -> list[Pair]:
    """The assignment with the greatest total overlap, without pairs that overlap less than `least`."""
    if not followed or not indices:
        return []
    predicted = widened(np.stack([one.predicted(at_us) for one in followed]), _WIDENED)
    boxes = widened(np.array([seen[index].box for index in indices], np.float64), _WIDENED)
    same = np.array([[one.label == seen[index].label for index in indices] for one in followed])
    gain = np.where(same, overlap(predicted, boxes), 0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [
        (followed[row], indices[column])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if gain[row, column] >= least
    ]
