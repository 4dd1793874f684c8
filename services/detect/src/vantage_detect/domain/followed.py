"""One object that is being followed: where it will be, and what is to be said of it when it is gone."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from vantage_detect.domain.boxes import Numbers
from vantage_detect.domain.candidates import Sighting
from vantage_detect.domain.letterbox import FRAME_UNITS
from vantage_detect.domain.path import Path, Point

Ended = Literal["left", "lost", "handover"]

_POSITION_GAIN = 0.7
_VELOCITY_GAIN = 0.25
_COAST_S = 1.0
"""An unseen object is predicted no further ahead than this: people turn."""
_EDGE = FRAME_UNITS // 50
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Finished:
    """A track that has ended. `score` is the mean of its observations, 0..1."""

    number: int
    label: str
    score: float
    start_us: int
    end_us: int
    observations: int
    path: list[Point]
    ended: Ended


@dataclass
class Followed:
    """An alpha-beta filter over one object's box: constant velocity of its centre, size as it was seen.

    `number` is None until a second look has confirmed it.
    """

    label: str
    box: Numbers
    start_us: int
    seen_us: int
    velocity: Numbers = field(default_factory=lambda: np.zeros(2))
    number: int | None = None
    observations: int = 0
    missed: int = 0
    _score_sum: float = 0.0
    _path: Path = field(default_factory=Path)

    @classmethod
    def begin(cls, at_us: int, sighting: Sighting) -> "Followed":
        """Follow what was seen now for the first time."""
        followed = cls(sighting.label, np.array(sighting.box, np.float64), at_us, at_us)
        followed._note(at_us, sighting)
        return followed

    def predicted(self, at_us: int) -> Numbers:
        """The box (4,) as it should be at that moment."""
        ahead_s = min((at_us - self.seen_us) / _SECOND_US, _COAST_S)
        return self.box + np.tile(self.velocity * ahead_s, 2)

    def see(self, at_us: int, sighting: Sighting) -> None:
        """Take what was seen into position and velocity."""
        predicted = self.predicted(at_us)
        off = np.array(sighting.box, np.float64) - predicted
        elapsed_s = max((at_us - self.seen_us) / _SECOND_US, 1e-3)
        self.box = predicted + _POSITION_GAIN * off
        self.velocity = self.velocity + (_VELOCITY_GAIN / elapsed_s) * (off[:2] + off[2:]) / 2
        self.seen_us, self.missed = at_us, 0
        self._note(at_us, sighting)

    def finished(self, ended: Ended | None = None) -> Finished | None:
        """What is to be said of it; nothing of what no second look has confirmed."""
        if self.number is None:
            return None
        return Finished(
            number=self.number,
            label=self.label,
            score=self._score_sum / self.observations,
            start_us=self.start_us,
            end_us=self.seen_us,
            observations=self.observations,
            path=self._path.points(),
            ended=ended or self._how(),
        )

    def _how(self) -> Ended:
        """`left` when it was last at the picture's edge, or was going to be."""
        ahead = self.predicted(self.seen_us + _SECOND_US)
        outside = bool(min(ahead[0], ahead[1]) <= _EDGE or max(ahead[2], ahead[3]) >= FRAME_UNITS - _EDGE)
        return "left" if outside else "lost"

    def _note(self, at_us: int, sighting: Sighting) -> None:
        self.observations += 1
        self._score_sum += sighting.score
        self._path.add(Point(at_us, sighting.box))
