"""The network itself, operation by operation from the TensorFlow.js graph, made free of the picture's size."""

import base64
from collections.abc import Callable

import numpy as np

from vantage_stack.errors import FetchFailed
from vantage_stack.model.graph import OnnxGraph
from vantage_stack.model.layout import Layout, Tensor
from vantage_stack.model.tfjs import Array, GraphModel, Node

PUBLISHED_HEIGHT = 416
"""The one picture height that the published graph is made for; its resize targets are in these terms."""

_TO_NHWC = (0, 2, 3, 1)
_TO_NCHW = (0, 3, 1, 2)


class Body:
    """Translates what an output needs, when it is asked for."""

    def __init__(self, model: GraphModel, graph: OnnxGraph, picture: str) -> None:
        self._model = model
        self._graph = graph
        self._picture = picture
        self._done: dict[str, list[Tensor]] = {}
        self._translators: dict[str, Callable[[Node], list[Tensor]]] = {
            "Placeholder": lambda _: [Tensor(self._picture, Layout.NCHW, PUBLISHED_HEIGHT)],
            "Identity": lambda node: [self._tensor(node.inputs[0])],
            "Transpose": self._transpose,
            "Conv2D": self._convolve,
            "Add": self._add,
            "Pad": self._pad,
            "PadV2": self._pad,
            "LeakyRelu": lambda node: self._pointwise(node, "LeakyRelu", alpha=node.number("alpha")),
            "Sigmoid": lambda node: self._pointwise(node, "Sigmoid"),
            "MaxPool": self._max_pool,
            "ConcatV2": self._concatenate,
            "SplitV": self._split,
            "ResizeBilinear": self._resize,
            "Reshape": self._flatten,
        }

    def output(self, name: str) -> str:
        """The name, in the ONNX graph, of an output of the published graph."""
        return self._tensor(name).name

    def _tensor(self, reference: str) -> Tensor:
        name, _, index = reference.partition(":")
        if name not in self._done:
            node = self._model.nodes[name]
            if node.op not in self._translators:
                msg = f"node {name} is a {node.op}, which this converter does not know: it is for NanoDet-g only"
                raise FetchFailed(msg)
            self._done[name] = self._translators[node.op](node)
        return self._done[name][int(index or 0)]

    def _constant(self, reference: str) -> Array:
        return self._model.weights[reference]

    def _transpose(self, node: Node) -> list[Tensor]:
        source, order = self._tensor(node.inputs[0]), tuple(int(axis) for axis in self._constant(node.inputs[1]))
        if (source.layout, order) == (Layout.NCHW, _TO_NHWC):
            return [Tensor(source.name, Layout.NHWC, source.height)]
        if (source.layout, order) == (Layout.NHWC, _TO_NCHW):
            return [Tensor(source.name, Layout.NCHW, source.height)]
        _require(source.layout is Layout.ROWS, node, f"turns {source.layout.name} by {order}")
        return [source.named(self._graph.add("Transpose", [source.name], node.name, perm=order))]

    def _convolve(self, node: Node) -> list[Tensor]:
        source, kernel = self._tensor(node.inputs[0]), self._constant(node.inputs[1])
        strides, dilations = node.ints("strides")[1:3], node.ints("dilations")[1:3]
        _require(_padding(node) == "VALID" and source.layout is Layout.NHWC, node, "is padded, or is not NHWC")
        weights = self._graph.constant(kernel.transpose(3, 2, 0, 1))  # HWIO to OIHW
        name = self._graph.add("Conv", [source.name, weights], node.name, strides=strides, dilations=dilations)
        return [source.named(name, _reduced(source.height, kernel.shape[0], strides[0], dilations[0]))]

    def _add(self, node: Node) -> list[Tensor]:
        first, second = node.inputs
        source = self._tensor(first)
        if self._model.nodes[second].op == "Const":
            _require(self._graph.fold_bias(source.name, self._constant(second)), node, "adds to no convolution")
            return [source]
        other = self._tensor(second)
        _require(source.layout is other.layout, node, "adds tensors of two layouts")
        return [source.named(self._graph.add("Add", [source.name, other.name], node.name))]

    def _pad(self, node: Node) -> list[Tensor]:
        source, widths = self._tensor(node.inputs[0]), self._constant(node.inputs[1])
        if not widths.any():
            return [source]
        value = self._constant(node.inputs[2]) if node.op == "PadV2" else np.float32(0)
        _require(source.layout is Layout.NCHW, node, "pads another layout than NCHW")
        pads = [self._graph.constant(widths.T.reshape(-1).astype(np.int64)), self._graph.constant(np.float32(value))]
        name = self._graph.add("Pad", [source.name, *pads], node.name)
        return [source.named(name, source.height + int(widths[2].sum()))]

    def _pointwise(self, node: Node, op: str, **attributes: float) -> list[Tensor]:
        source = self._tensor(node.inputs[0])
        return [source.named(self._graph.add(op, [source.name], node.name, **attributes))]

    def _max_pool(self, node: Node) -> list[Tensor]:
        source, kernel, strides = self._tensor(node.inputs[0]), node.ints("ksize")[1:3], node.ints("strides")[1:3]
        _require(_padding(node) == "VALID" and source.layout is Layout.NHWC, node, "is padded, or is not NHWC")
        name = self._graph.add("MaxPool", [source.name], node.name, kernel_shape=kernel, strides=strides)
        return [source.named(name, _reduced(source.height, kernel[0], strides[0], 1))]

    def _concatenate(self, node: Node) -> list[Tensor]:
        parts = [self._tensor(reference) for reference in node.inputs[:-1]]
        axis = parts[0].axis(int(self._constant(node.inputs[-1])))
        return [parts[0].named(self._graph.add("Concat", [part.name for part in parts], node.name, axis=axis))]

    def _split(self, node: Node) -> list[Tensor]:
        source, sizes = self._tensor(node.inputs[0]), self._constant(node.inputs[1]).astype(np.int64)
        axis = source.axis(int(self._constant(node.inputs[2])))
        names = [f"{node.name}_{index}" for index in range(len(sizes))]
        split = self._graph.add_split("Split", [source.name, self._graph.constant(sizes)], names, axis=axis)
        return [source.named(name) for name in split]

    def _resize(self, node: Node) -> list[Tensor]:
        """To a factor in place of the published target, which holds for one picture size only."""
        source, target = self._tensor(node.inputs[0]), int(self._constant(node.inputs[1])[0])
        factor = target / source.height
        scales = self._graph.constant(np.array([1, 1, factor, factor], np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return [source.named(self._graph.add("Resize", [source.name, "", scales], node.name, **how), target)]

    def _flatten(self, node: Node) -> list[Tensor]:
        """The only reshape in the graph: N,C,H,W to N,C,H*W. The published numbers hold for one picture size only."""
        source = self._tensor(node.inputs[0])
        _require(source.layout is Layout.NCHW, node, "reshapes another layout than NCHW")
        name = self._graph.add("Reshape", [source.name, self._graph.constant([0, 0, -1])], node.name)
        return [Tensor(name, Layout.ROWS, source.height)]


def _padding(node: Node) -> str:
    return base64.b64decode(node.attributes["padding"]["s"]).decode()


def _reduced(size: int, kernel: int, stride: int, dilation: int) -> int:
    """Output size of an unpadded window: the formula of ONNX's Conv and MaxPool."""
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def _require(holds: bool, node: Node, otherwise: str) -> None:
    if not holds:
        msg = f"node {node.name} ({node.op}) {otherwise}: this converter is for NanoDet-g only"
        raise FetchFailed(msg)
