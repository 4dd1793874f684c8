"""A polygon of the frame on a grid of square cells: which lie inside it, and which are near its outline.

Coordinates are 1/65535 of the frame. All comes from two exact tests a cell and edge (winding number, separating axes),
so that "covers at least the polygon" needs no rounding by hand. Where an outline crosses itself, whatever it winds
around counts as inside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
_UNITS = 65535


@dataclass(frozen=True)
class Grid:
    """Cells of `cell` pixels over a picture; the last ones may stand over its edge."""

    width: int
    height: int
    cell: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return -(-self.height // self.cell), -(-self.width // self.cell)

    def centres(self) -> tuple[Floats, Floats]:
        """The cells' centres in pixels: x as a row, y as a column."""
        rows, columns = self.shape
        half = self.cell / 2
        across, down = np.arange(columns, dtype=np.float64), np.arange(rows, dtype=np.float64)
        return across[None, :] * self.cell + half, down[:, None] * self.cell + half


def corners(polygon: Sequence[tuple[int, int]], grid: Grid) -> Floats:
    """The corners in pixels."""
    scale = np.array([grid.width, grid.height], np.float64)
    return np.array(polygon, np.float64) / _UNITS * scale


def inside(outline: Floats, grid: Grid) -> Bools:
    """The cells whose centre the outline winds around."""
    x, y = grid.centres()
    winding = np.zeros(grid.shape, np.int32)
    for (x0, y0), (x1, y1) in _edges(outline):
        if y0 == y1:
            continue
        left = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
        if y0 < y1:
            winding += (y0 <= y) & (y < y1) & (left > 0)
        else:
            winding -= (y1 <= y) & (y < y0) & (left < 0)
    return np.asarray(winding != 0)


def near(outline: Floats, grid: Grid, margin: float) -> Bools:
    """The cells that an edge comes within `margin` pixels of, measured along either axis."""
    x, y = grid.centres()
    reach = grid.cell / 2 + margin
    found = np.zeros(grid.shape, np.bool_)
    for (x0, y0), (x1, y1) in _edges(outline):
        dx, dy = abs(x1 - x0) / 2, abs(y1 - y0) / 2
        from_x, from_y = x - (x0 + x1) / 2, y - (y0 + y1) / 2
        apart = np.abs((x1 - x0) * from_y - (y1 - y0) * from_x)
        found |= (np.abs(from_x) <= reach + dx) & (np.abs(from_y) <= reach + dy) & (apart <= 2 * reach * (dx + dy))
    return found


def _edges(outline: Floats) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    points = [(float(x), float(y)) for x, y in outline]
    return list(zip(points, points[1:] + points[:1], strict=True))
