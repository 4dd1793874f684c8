"""A TensorFlow.js model is read with its weights, and translated operation by operation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vantage_stack.errors import FetchFailed
from vantage_stack.model.body import Body
from vantage_stack.model.graph import OnnxGraph
from vantage_stack.model.layout import Layout, Tensor
from vantage_stack.model.tfjs import GraphModel, Node, read_graph_model


def write_model(folder: Path, data: bytes, weights: list[dict[str, Any]]) -> Path:
    (folder / "weights.bin").write_bytes(data)
    manifest = [{"paths": ["weights.bin"], "weights": weights}]
    path = folder / "model.json"
    path.write_text(json.dumps({"modelTopology": {"node": []}, "weightsManifest": manifest}))
    return path


def test_weights_that_are_stored_half_as_wide_are_read_as_float32(tmp_path: Path) -> None:
    values = np.array([[0.5, -2.0]], np.float16)
    entry = {"name": "w", "shape": [1, 2], "dtype": "float32", "quantization": {"dtype": "float16"}}
    read = read_graph_model(write_model(tmp_path, values.tobytes(), [entry])).weights["w"]
    assert read.dtype == np.float32
    assert read.tolist() == [[0.5, -2.0]]


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    entry = {"name": "w", "shape": [1], "dtype": "int32"}
    with pytest.raises(FetchFailed, match="take 4 bytes and the file has 8"):
        read_graph_model(write_model(tmp_path, bytes(8), [entry]))


def body_of(*nodes: Node, **weights: np.ndarray[Any, Any]) -> tuple[Body, OnnxGraph]:
    graph = OnnxGraph()
    return Body(GraphModel({node.name: node for node in nodes}, weights), graph, "picture"), graph


INPUT = Node("input", "Placeholder", (), {})


def test_turning_a_picture_for_a_convolution_and_back_costs_nothing() -> None:
    there = Node("there", "Transpose", ("input", "to_nhwc"), {})
    back = Node("back", "Transpose", ("there", "to_nchw"), {})
    body, graph = body_of(INPUT, there, back, to_nhwc=np.array([0, 2, 3, 1]), to_nchw=np.array([0, 3, 1, 2]))
    assert body.output("back") == "picture"
    assert graph.nodes == []


def test_an_operation_of_another_network_is_named() -> None:
    body, _ = body_of(INPUT, Node("odd", "FFT", ("input",), {}))
    with pytest.raises(FetchFailed, match="node odd is a FFT"):
        body.output("odd")


def test_a_resize_to_a_fixed_size_becomes_a_factor() -> None:
    there = Node("there", "Transpose", ("input", "to_nhwc"), {})
    resize = Node("half", "ResizeBilinear", ("there", "target"), {})
    body, graph = body_of(INPUT, there, resize, to_nhwc=np.array([0, 2, 3, 1]), target=np.array([208, 208]))
    body.output("half")
    scales = np.frombuffer(graph.constants[-1].raw_data, np.float32)
    assert scales.tolist() == [1, 1, 0.5, 0.5]


def test_an_axis_is_found_in_either_layout() -> None:
    assert Tensor("x", Layout.NHWC, 416).axis(3) == Tensor("x", Layout.NCHW, 416).axis(1) == 1
