"""What NanoDet does before and after the network: the picture's normalisation, and boxes from distributions.

The network says, for each cell of three grids, how far each side of a box is away as a distribution over 0..10 strides
(`reg_max` 10); its expectation is the distance (the integral of Generalized Focal Loss, Li et al. 2020, eq. 4, as in
NanoDet's `gfl_head.py`). Mean and deviation, in B, G, R, are those of NanoDet-g's training
(`config/legacy_v0.x_configs/nanodet-g.yml`).
"""

import numpy as np
from onnx import TensorProto

from vantage_stack.model.graph import OnnxGraph
from vantage_stack.model.tfjs import Array

STRIDES = (8, 16, 32)
BINS = 11
_MEAN = np.array([103.53, 116.28, 123.675], np.float32).reshape(1, 3, 1, 1)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32).reshape(1, 3, 1, 1)


def add_normalisation(graph: OnnxGraph, picture: str) -> str:
    """uint8 [N,H,W,3] to float32 [N,3,H,W] with mean 0 and deviation 1."""
    values = graph.add("Cast", [picture], "picture_float", to=TensorProto.FLOAT)
    planes = graph.add("Transpose", [values], "picture_planes", perm=[0, 3, 1, 2])
    centred = graph.add("Sub", [planes, graph.constant(_MEAN)], "picture_centred")
    return graph.add("Mul", [centred, graph.constant(1 / _DEVIATION)], "picture_normal")


def add_boxes(graph: OnnxGraph, distributions: str, height: int, width: int, output: str) -> str:
    """float32 [N,M,4*BINS] to boxes [N,M,4]: left, top, right, bottom in pixels of the picture."""
    centres, strides = grid(height, width)
    sides = graph.add("Reshape", [distributions, graph.constant([0, -1, 4, BINS])], "sides")
    likely = graph.add("Softmax", [sides], "sides_likely", axis=3)
    bins = graph.constant(np.arange(BINS, dtype=np.float32).reshape(BINS, 1))
    expected = graph.add("MatMul", [likely, bins], "sides_expected")
    in_strides = graph.add("Squeeze", [expected, graph.constant([3])], "sides_in_strides")
    distances = graph.add("Mul", [in_strides, graph.constant(strides)], "distances")
    before, after = graph.add_split("Split", [distances, graph.constant([2, 2])], ["before", "after"], axis=2)
    first = graph.add("Sub", [graph.constant(centres), before], "first_corner")
    last = graph.add("Add", [graph.constant(centres), after], "last_corner")
    return graph.add("Concat", [first, last], output, axis=2)


def grid(height: int, width: int) -> tuple[Array, Array]:
    """The centre [1,M,2] (x, y in pixels) and the stride [1,M,1] of each cell, finest grid first."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        centres.append((np.stack((columns, rows), axis=-1).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(centres)[None].astype(np.float32), np.concatenate(strides)[None].astype(np.float32)
