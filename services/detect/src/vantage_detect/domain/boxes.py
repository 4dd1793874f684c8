"""Boxes as arrays of x0, y0, x1, y1 (n, 4): how much they overlap, and which of several on one object stays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating[Any]]
Boxes = Numbers
"""(n, 4) x0, y0, x1, y1; in pixels of the network's input or in 1/65535 of the frame: overlap is the same in both."""

_NO_DIVISION_BY_ZERO = 1e-9


def overlap(ours: Boxes, theirs: Boxes) -> Numbers:
    """Intersection over union of each of ours (n, 4) with each of theirs (m, 4), as (n, m) of 0..1."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    either = area(ours)[:, None] + area(theirs)[None, :] - both
    overlapping: Numbers = both / (either + _NO_DIVISION_BY_ZERO)
    return overlapping


def area(boxes: Boxes) -> Numbers:
    """The area of each box (n,)."""
    areas: Numbers = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return areas


def widened(boxes: Boxes, share: float) -> Boxes:
    """Each box grown by a share of its size on every side, so that quick small objects still meet their prediction."""
    margin = (boxes[:, 2:] - boxes[:, :2]) * share
    return np.concatenate((boxes[:, :2] - margin, boxes[:, 2:] + margin), axis=1)


def suppress(boxes: Boxes, scores: Numbers, classes: NDArray[np.intp], most: float) -> NDArray[np.intp]:
    """Non-maximum suppression within each class: the indices that stay, best first.

    A box goes when it overlaps a better one of its class by more than `most`.
    """
    order = np.argsort(-scores, kind="stable")
    rivals = (overlap(boxes, boxes) > most) & (classes[:, None] == classes[None, :])
    gone = np.zeros(len(boxes), dtype=bool)
    kept = []
    for index in order:
        if not gone[index]:
            kept.append(index)
            gone |= rivals[index]
    return np.array(kept, dtype=np.intp)
