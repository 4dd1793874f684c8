"""How a picture of any shape goes into a network's fixed input without being stretched, and how boxes come back.

Stretching costs several points of F1 (people become as wide as cars), so the picture keeps its aspect and the rest of
the input stays grey.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vantage_detect.domain.boxes import Boxes

FRAME_UNITS = 65_535


@dataclass(frozen=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Letterbox:
    """A picture scaled to `inner` pixels, its top left corner at `left`, `top` of the network's input."""

    input: Size
    inner: Size
    left: int
    top: int

    @property
    def share(self) -> float:
        """How much of the network's input the picture fills, 0..1."""
        return self.inner.width * self.inner.height / (self.input.width * self.input.height)

    def to_frame(self, boxes: Boxes) -> NDArray[np.int32]:
        """Boxes (n, 4) in pixels of the network's input, as 0..65535 of the frame, cut at its edges."""
        corner = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        size = np.array([self.inner.width, self.inner.height] * 2, dtype=np.float32)
        in_frame = np.clip((boxes - corner) / size, 0, 1) * FRAME_UNITS
        units: NDArray[np.int32] = np.rint(in_frame).astype(np.int32)
        return units


def fit(frame: Size, into: Size) -> Letterbox:
    """The frame as large as it can be within the network's input, in its middle."""
    scale = min(into.width / frame.width, into.height / frame.height)
    inner = Size(_at_least_one(frame.width * scale), _at_least_one(frame.height * scale))
    return Letterbox(into, inner, (into.width - inner.width) // 2, (into.height - inner.height) // 2)


def best_fit(frame: Size, inputs: Iterable[Size]) -> Letterbox:
    """The fit into the input that wastes least: 16:9 and wider goes into 512x288, 4:3 and taller into 416x320."""
    return max((fit(frame, into) for into in inputs), key=lambda fitted: fitted.share)


def _at_least_one(pixels: float) -> int:
    return max(1, round(pixels))
