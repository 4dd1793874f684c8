"""Boxes come from distributions over distances as the published network means them."""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from vantage_stack.model.graph import OnnxGraph
from vantage_stack.model.head import BINS, add_boxes, grid


def boxes_of(distributions: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    graph = OnnxGraph()
    add_boxes(graph, "distributions", height, width, "boxes")
    given = helper.make_tensor_value_info("distributions", TensorProto.FLOAT, ["N", None, 4 * BINS])
    wanted = helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", None, 4])
    built = helper.make_graph(graph.nodes, "head", [given], [wanted], graph.constants)
    model = helper.make_model(built, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found: NDArray[Any] = session.run(None, {"distributions": distributions})[0]
    return found


def test_cells_lie_in_the_middle_of_their_stride_finest_first() -> None:
    centres, strides = grid(32, 64)
    assert centres.shape == (1, 8 * 4 + 4 * 2 + 2 * 1, 2)
    assert centres[0, 0].tolist() == [4, 4]
    assert centres[0, -1].tolist() == [48, 16]
    assert (strides[0, 0, 0], strides[0, -1, 0]) == (8, 32)


def test_a_sure_distribution_puts_each_side_so_many_strides_away() -> None:
    sure = np.full((1, 21, 4, BINS), -1e4, np.float32)
    for side, strides_away in enumerate((1, 2, 3, 10)):
        sure[:, :, side, strides_away] = 1e4
    first = boxes_of(sure.reshape(1, 21, -1), 32, 32)[0, 0]
    assert first.tolist() == [4 - 8, 4 - 16, 4 + 24, 4 + 80]


def test_an_unsure_distribution_means_its_expectation() -> None:
    last = boxes_of(np.zeros((1, 21, 4 * BINS), np.float32), 32, 32)[0, -1]
    np.testing.assert_allclose(last, [16 - 160, 16 - 160, 16 + 160, 16 + 160], rtol=1e-5)


def test_several_pictures_are_told_apart() -> None:
    sure = np.full((2, 21, 4, BINS), -1e4, np.float32)
    sure[0, :, :, 1] = sure[1, :, :, 2] = 1e4
    boxes = boxes_of(sure.reshape(2, 21, -1), 32, 32)
    assert (boxes[0, 0, 0], boxes[1, 0, 0]) == (4 - 8, 4 - 16)
