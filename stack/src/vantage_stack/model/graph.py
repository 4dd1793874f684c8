"""An ONNX graph while it is being written."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from vantage_stack.model.tfjs import Array


class OnnxGraph:
    """Nodes and constants in the order in which they were added, so that the same calls give the same bytes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: Array | Sequence[int] | np.float32) -> str:
        """The name of a constant."""
        name = f"constant_{len(self.constants)}"
        dtype = None if isinstance(values, np.ndarray | np.generic) else np.int64
        self.constants.append(
            numpy_helper.from_array(np.ascontiguousarray(values, dtype).reshape(np.shape(values)), name)
        )
        return name

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add an operation with one output, and return that."""
        return self.add_split(op, inputs, [output], **attributes)[0]

    def add_split(self, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Sequence[str]:
        """Add an operation with several outputs, and return them."""
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))
        return outputs

    def fold_bias(self, output: str, bias: Array) -> bool:
        """Give a bias to the convolution that makes `output`; whether there is one that has none."""
        for node in self.nodes:
            if node.output[0] == output and node.op_type == "Conv" and len(node.input) == 2:
                node.input.append(self.constant(bias))
                return True
        return False
