"""Blackens a decoded picture's masks in its planes, luma and chroma, before anything else sees it."""

from collections.abc import Sequence

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from vantage.contracts.camera import Mask
from vantage_ingest.domain.mask_raster import Raster, Run, raster

_PLANAR = {"yuv420p", "yuvj420p"}
_FULL_RANGE = 2
_GREY = 128


class Burner:
    """The masks of one camera; they are laid out once for each size of picture."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._masks = masks
        self._raster: Raster | None = None

    def burn(self, frame: VideoFrame) -> VideoFrame:
        """The picture as 4:2:0 of 8 bits, blackened; never the decoder's own, which later pictures refer to.

        Raises Unmaskable.
        """
        laid = self._laid_out(frame.width, frame.height)
        picture = frame if frame.format.name in _PLANAR else frame.reformat(format="yuv420p")
        picture.make_writable()
        black = 0 if full_range(picture) else 16
        for plane, shift, value in zip(picture.planes, (0, 1, 1), (black, _GREY, _GREY), strict=True):
            _fill(plane, laid.runs, shift, value)
        return picture

    def _laid_out(self, width: int, height: int) -> Raster:
        known = self._raster
        if known is None or (known.width, known.height) != (width, height):
            known = self._raster = raster(self._masks, width, height)
        return known


def full_range(frame: VideoFrame) -> bool:
    """Whether black is 0 and not 16."""
    return frame.format.name == "yuvj420p" or frame.color_range == _FULL_RANGE


def _fill(plane: VideoPlane, runs: Sequence[Run], shift: int, value: int) -> None:
    pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    for run in runs:
        right = min(run.right >> shift, plane.width)
        pixels[run.top >> shift : run.bottom >> shift, run.left >> shift : right] = value
