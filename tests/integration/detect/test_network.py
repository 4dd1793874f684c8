"""The networks as the stack makes them, and files that are none."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from vantage_detect.adapters.network import FILES, Network, load_networks
from vantage_detect.domain.letterbox import Size
from vantage_detect.errors import NoModel


def another_network(path: Path, kind: int = TensorProto.UINT8) -> None:
    """A network that gives its input back."""
    image = helper.make_tensor_value_info("image", kind, [1, 32, 64, 3])
    outputs = [helper.make_tensor_value_info(name, kind, [1, 32, 64, 3]) for name in ("boxes", "scores")]
    nodes = [helper.make_node("Identity", ["image"], [name]) for name in ("boxes", "scores")]
    graph = helper.make_graph(nodes, "identity", [image], outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def test_both_load_and_name_themselves_by_their_files(model_dir: Path) -> None:
    wide, narrow = load_networks(model_dir, 1)
    assert (wide.size, narrow.size) == (Size(512, 288), Size(416, 320))
    assert wide.digest != narrow.digest
    assert {len(network.digest) for network in (wide, narrow)} == {64}


def test_an_empty_picture_holds_nothing(model_dir: Path) -> None:
    for network in load_networks(model_dir, 1):
        boxes, scores = network.detect(np.full((network.size.height, network.size.width, 3), 114, np.uint8))
        assert boxes.shape == (len(scores), 4)
        assert scores.max() < 0.5


class TestBroken:
    def test_a_missing_file_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(NoModel, match=r"nanodet-288x512.onnx cannot be read .* run `vantage-stack fetch`"):
            load_networks(tmp_path, 1)

    def test_a_file_that_was_cut_short_is_told(self, model_dir: Path, tmp_path: Path) -> None:
        for name in FILES:
            shutil.copy(model_dir / name, tmp_path / name)
        whole = (tmp_path / FILES[1]).read_bytes()
        (tmp_path / FILES[1]).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(NoModel, match=r"nanodet-320x416.onnx is no network"):
            load_networks(tmp_path, 1)

    def test_a_network_of_another_kind_is_told(self, tmp_path: Path) -> None:
        another_network(tmp_path / "other.onnx")
        with pytest.raises(NoModel, match=r"not \(n, 4\) and \(n, 80\)"):
            Network.load(tmp_path / "other.onnx", 1)
        another_network(tmp_path / "float.onnx", TensorProto.FLOAT)
        with pytest.raises(NoModel, match="no input `image` of uint8"):
            Network.load(tmp_path / "float.onnx", 1)
