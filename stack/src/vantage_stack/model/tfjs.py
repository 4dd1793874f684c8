"""A TensorFlow.js graph model as it lies on disk: a JSON file with the graph, and one file with the weights.

The format is that of tfjs-converter (`modelTopology`, `weightsManifest`); weights may be stored as float16.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vantage_stack.errors import FetchFailed

Array = NDArray[Any]

_TYPES: Mapping[str, np.dtype[Any]] = {"float32": np.dtype("<f4"), "int32": np.dtype("<i4"), "float16": np.dtype("<f2")}


@dataclass(frozen=True)
class Node:
    """One operation. An input is `name` or `name:output`."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def ints(self, attribute: str) -> list[int]:
        """A list of whole numbers, which JSON holds as text."""
        return [int(number) for number in self.attributes[attribute]["list"]["i"]]

    def number(self, attribute: str) -> float:
        """One number."""
        return float(self.attributes[attribute]["f"])


@dataclass(frozen=True)
class GraphModel:
    """The graph and its constants, by name."""

    nodes: Mapping[str, Node]
    weights: Mapping[str, Array]


def read_graph_model(path: Path) -> GraphModel:
    """Read a model from its JSON file. Raises FetchFailed where the weights do not fill their files exactly."""
    document = json.loads(path.read_text())
    nodes = (
        Node(node["name"], node["op"], tuple(node.get("input", [])), node.get("attr", {}))
        for node in document["modelTopology"]["node"]
    )
    weights: dict[str, Array] = {}
    for group in document["weightsManifest"]:
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        weights |= _read_weights(group["weights"], data)
    return GraphModel({node.name: node for node in nodes}, weights)


def _read_weights(entries: Sequence[Mapping[str, Any]], data: bytes) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        stored = _TYPES[entry.get("quantization", entry)["dtype"]]
        count = int(np.prod(entry["shape"], dtype=int))
        values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        weights[entry["name"]] = values.astype(_TYPES[entry["dtype"]])
        offset += values.nbytes
    if offset != len(data):
        msg = f"the weights take {offset} bytes and the file has {len(data)}: the two files are not of one model"
        raise FetchFailed(msg)
    return weights
