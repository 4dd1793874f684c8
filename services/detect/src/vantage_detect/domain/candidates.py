"""From the network's raw output to sightings: allowed classes, thresholds, one box an object, frame units."""

from dataclasses import dataclass

import numpy as np

from vantage_detect.domain.boxes import Boxes, Numbers, suppress
from vantage_detect.domain.labels import LABEL_OF_CLASS
from vantage_detect.domain.letterbox import Letterbox

SEEN_FROM = 0.50
"""Score from which an object counts as seen and is published."""
FOLLOWED_FROM = 0.20
"""Score from which a box may keep a track alive that was already there (ByteTrack's second stage)."""
SAME_OBJECT_FROM = 0.4
"""Overlap from which two boxes of one class are one object: on the PETS clip (see tests/integration/detect) 0.6 and 0.7
leave more second boxes on one person, and none of 0.4 to 0.7 finds fewer people."""
MOST_CANDIDATES = 300
MOST_SIGHTINGS = 100

_CLASSES = np.array(sorted(LABEL_OF_CLASS), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One object in one frame: label, score 0..1, and box x0, y0, x1, y1 in 0..65535 of the frame."""

    label: str
    score: float
    box: tuple[int, int, int, int]


def sightings(boxes: Boxes, scores: Numbers, letterbox: Letterbox) -> list[Sighting]:
    """The objects of one frame, best first, from boxes (n, 4) in input pixels and scores (n, 80) of 0..1.

    At most MOST_SIGHTINGS, so that a broken picture cannot make a message or a tracker large.
    """
    allowed = scores[:, _CLASSES]
    rows, columns = np.nonzero(allowed >= FOLLOWED_FROM)
    found = allowed[rows, columns]
    best = np.argsort(-found, kind="stable")[:MOST_CANDIDATES]
    rows, columns, found = rows[best], columns[best], found[best]
    kept = suppress(boxes[rows], found, columns, SAME_OBJECT_FROM)[:MOST_SIGHTINGS]
    in_frame = letterbox.to_frame(boxes[rows[kept]])
    return [
        Sighting(LABEL_OF_CLASS[int(_CLASSES[column])], float(score), (x0, y0, x1, y1))
        for column, score, (x0, y0, x1, y1) in zip(columns[kept], found[kept], in_frame.tolist(), strict=True)
        if x1 > x0 and y1 > y0
    ]
