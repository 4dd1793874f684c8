"""Which pixels are blackened: whole macroblocks, more than the polygons and never less.

Two blurs have to be covered. The camera's own coder has smeared what lies inside the polygon outwards, within a block.
And ours must not let the outside in: its loop filter changes up to 3 pixels on either side of a block's edge (ITU-T
H.264, 8.7), so the edge of what is black keeps `MARGIN` from the polygon.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vantage.contracts.camera import Mask
from vantage_ingest.domain.outline import Bools, Grid, corners, inside, near

BLOCK = 16
MARGIN = 4
LARGEST = 16_384


class Unmaskable(ValueError):
    """The masks cannot be burnt into this stream: nothing of it may be stored."""


@dataclass(frozen=True)
class Run:
    """A rectangle of whole macroblocks, in pixels of luma."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Raster:
    """The rectangles to blacken in a picture of this size."""

    width: int
    height: int
    runs: tuple[Run, ...]


def raster(masks: Sequence[Mask], width: int, height: int) -> Raster:
    """The masks on a picture of this size. Raises Unmaskable."""
    if not masks or not (0 < width <= LARGEST and 0 < height <= LARGEST):
        msg = f"{len(masks)} masks cannot be laid over a picture of {width} x {height}"
        raise Unmaskable(msg)
    grid = Grid(width, height, BLOCK)
    covered = np.zeros(grid.shape, np.bool_)
    for mask in masks:
        own = covering(mask, grid)
        if not own.any():
            msg = f"the mask {mask.mask_id!r} covers nothing of a picture of {width} x {height}"
            raise Unmaskable(msg)
        covered |= own
    return Raster(width, height, tuple(_runs(covered)))


def covering(mask: Mask, grid: Grid) -> Bools:
    """Every cell that the polygon touches or comes within `MARGIN` of."""
    outline = corners(mask.polygon, grid)
    return inside(outline, grid) | near(outline, grid, MARGIN)


def _runs(covered: Bools) -> Iterator[Run]:
    """The cells as rectangles; rows that are alike become one."""
    begin = 0
    for row in range(1, len(covered) + 1):
        if row == len(covered) or not np.array_equal(covered[row], covered[begin]):
            yield from _across(covered[begin], begin * BLOCK, row * BLOCK)
            begin = row


def _across(row: Bools, top: int, bottom: int) -> Iterator[Run]:
    steps = np.flatnonzero(np.diff(np.concatenate(([0], row.view(np.int8), [0]))))
    for left, right in zip(steps[::2], steps[1::2], strict=True):
        yield Run(top, bottom, int(left) * BLOCK, int(right) * BLOCK)
