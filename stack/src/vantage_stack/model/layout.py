"""Where the axes of a tensor are, for TensorFlow and for ONNX.

The published graph was once converted from ONNX, so it turns every picture to NHWC for a convolution and back. Here a
tensor always stays NCHW in the ONNX graph; only the layout by which the TensorFlow graph would see it is followed.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Self


class Layout(Enum):
    """How the TensorFlow graph sees a tensor; the value is the ONNX axis of each of its axes."""

    NCHW = (0, 1, 2, 3)
    NHWC = (0, 2, 3, 1)
    ROWS = (0, 1, 2)


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph. `height` is what it is where the picture is as high as the published graph has it."""

    name: str
    layout: Layout
    height: int

    def axis(self, axis: int) -> int:
        """The ONNX axis of an axis of the TensorFlow graph."""
        axes: tuple[int, ...] = self.layout.value
        return axes[axis]

    def named(self, name: str, height: int | None = None) -> Self:
        """Another tensor of this layout."""
        return replace(self, name=name, height=self.height if height is None else height)
