"""Whether a region of one decoded picture is blank, as a mask is, by its luma, chroma and edges alone.

A mask is of one colour. What a camera's coder makes of that stays within the numbers below; what a lens sees does not,
except in the dark or in the glare, where a wall and a mask look alike: so the surroundings are looked at, too, and
`inspection` compares over time. A pattern or a blur is not blank: it can be undone, or seen through.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vantage.contracts.camera import Mask
from vantage_ingest.domain.outline import Bools, Grid, corners, inside, near

Plane = NDArray[np.uint8]

CELL = 4
TOLERANCE = 0.015
"""Of the frame's width: how far a camera's mask may be off. Cameras snap masks to blocks of up to 22 pixels, and their
coder blurs the edge by a block of 8. A mask that is misplaced by 5 % of the frame shows twice as much.
"""
_FEWEST = 16
"""Cells that a statement needs: 256 pixels."""
_AROUND = 4
"""The surroundings reach so many tolerances outwards."""
_LUMA_SPREAD = 1.0
"""Standard deviation of luma. One colour, coded at a usual rate, stays below 0.6; a wall in even light is above 1."""
_CHROMA_SPREAD = 1.2
_STRAY_LEVELS = 8
_STRAY_SHARE = 0.004
"""Share of pixels that differ from the middle value by more than `_STRAY_LEVELS`. A strip of scenery that is a
hundredth of the mask has more, though its part of the spread is small.
"""
_EDGES = 0.6
"""Mean step between neighbouring pixels. Texture that has no spread to speak of, as foliage at dusk, has more."""
SAME = 6.0
"""Levels within which two regions are of one brightness."""


@dataclass(frozen=True)
class Region:
    """The cells of a mask less the tolerance, and those around it, of a picture of one size."""

    within: Bools
    around: Bools

    @property
    def enough(self) -> bool:
        """Whether anything can be said of it."""
        return int(self.within.sum()) >= _FEWEST


@dataclass(frozen=True)
class Look:
    """What was measured: middle values of luma and chroma, spreads, share of strays, edges; luma of what is around."""

    value: tuple[float, float, float]
    luma_spread: float
    chroma_spread: float
    stray: float
    edges: float
    around: float | None

    @property
    def flat(self) -> bool:
        """Whether it is of one colour."""
        return (
            self.luma_spread <= _LUMA_SPREAD
            and self.chroma_spread <= _CHROMA_SPREAD
            and self.stray <= _STRAY_SHARE
            and self.edges <= _EDGES
        )

    @property
    def stands_out(self) -> bool:
        """Whether it is lighter or darker than its surroundings; not where a mask leaves nothing around it."""
        return self.around is not None and abs(self.value[0] - self.around) > SAME


def region(mask: Mask, others: Sequence[Mask], width: int, height: int) -> Region:
    """The mask on a picture of this size. Where the tolerance leaves nothing of it, half of it is tried, and none."""
    grid = Grid(width, height, CELL)
    margin = TOLERANCE * width
    masked = np.zeros(grid.shape, np.bool_)
    for one in (mask, *others):
        outline = corners(one.polygon, grid)
        masked |= inside(outline, grid) | near(outline, grid, margin)
    around = near(corners(mask.polygon, grid), grid, margin * _AROUND) & ~masked
    within = np.zeros(grid.shape, np.bool_)
    for given in (margin, margin / 2, 0.0):
        within = _within(mask, grid, given)
        if within.sum() >= _FEWEST:
            break
    return Region(within, around)


def look(planes: tuple[Plane, Plane, Plane], region: Region) -> Look:
    """Measure a picture of 4:2:0, its planes cropped to its size, in a region that has `enough`."""
    luma = _cells(planes[0], CELL)
    shape = luma.shape[:2]
    within = region.within[: shape[0], : shape[1]]
    around = luma[region.around[: shape[0], : shape[1]]]
    seen = luma[within].astype(np.float32)
    chroma = [_cells(plane, CELL // 2)[: shape[0], : shape[1]] for plane in planes[1:]]
    tints = [plane[within[: plane.shape[0], : plane.shape[1]]].astype(np.float32) for plane in chroma]
    middle = float(np.median(seen))
    steps = (np.abs(np.diff(seen, axis=1)).mean(), np.abs(np.diff(seen, axis=2)).mean())
    return Look(
        value=(middle, float(np.median(tints[0])), float(np.median(tints[1]))),
        luma_spread=float(seen.std()),
        chroma_spread=max(float(tint.std()) for tint in tints),
        stray=float((np.abs(seen - middle) > _STRAY_LEVELS).mean()),
        edges=float(max(steps)),
        around=float(np.median(around)) if around.size else None,
    )


def _within(mask: Mask, grid: Grid, margin: float) -> Bools:
    """The whole cells inside the polygon, at least `margin` pixels from its outline."""
    outline = corners(mask.polygon, grid)
    return inside(outline, grid) & ~near(outline, grid, margin)


def _cells(plane: Plane, size: int) -> NDArray[np.uint8]:
    """The plane as rows, columns, and the pixels of each whole cell."""
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    cropped = plane[: rows * size, : columns * size]
    return cropped.reshape(rows, size, columns, size).transpose(0, 2, 1, 3)
