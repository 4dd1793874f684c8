"""NanoDet through ONNX Runtime: one file, one input size."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vantage_detect.domain.boxes import Boxes, Numbers
from vantage_detect.domain.letterbox import Size
from vantage_detect.errors import NoModel

FILES = ("nanodet-288x512.onnx", "nanodet-320x416.onnx")
_REMEDY = "run `vantage-stack fetch` and set VANTAGE_DETECT_MODEL_DIR to the folder it names"
_CLASSES = 80

Picture = NDArray[np.uint8]
"""(height, width, 3), BGR."""


@dataclass(frozen=True)
class Network:
    """A loaded network. `digest` is the SHA-256 of its file, so that a detection names exactly what made it."""

    size: Size
    digest: str
    session: onnxruntime.InferenceSession

    @classmethod
    def load(cls, path: Path, threads: int) -> Self:
        """Read the file and try it once. Raises NoModel."""
        try:
            data = path.read_bytes()
        except OSError as error:
            msg = f"the network {path} cannot be read ({error.strerror}): {_REMEDY}"
            raise NoModel(msg) from error
        session = _session(path, data, threads)
        network = cls(_input_size(path, session), hashlib.sha256(data).hexdigest(), session)
        network._try_once(path)
        return network

    def detect(self, picture: Picture) -> tuple[Boxes, Numbers]:
        """Boxes (n, 4) x0, y0, x1, y1 in pixels of the input, and scores (n, 80) 0..1 in COCO's order."""
        boxes, scores = self.session.run(["boxes", "scores"], {"image": picture[None]})
        return boxes[0], scores[0]

    def _try_once(self, path: Path) -> None:
        """The first run is slow and shows a network of another kind: better now than at the first fragment."""
        try:
            boxes, scores = self.detect(np.zeros((self.size.height, self.size.width, 3), np.uint8))
        except Exception as error:
            msg = f"{path} does not run as a detector ({error}): {_REMEDY}"
            raise NoModel(msg) from error
        if boxes.shape[1:] != (4,) or scores.shape != (len(boxes), _CLASSES):
            msg = (
                f"{path} gives boxes {boxes.shape} and scores {scores.shape}, not (n, 4) and (n, {_CLASSES}): {_REMEDY}"
            )
            raise NoModel(msg)


def load_networks(folder: Path, threads: int) -> list[Network]:
    """Every network that detect needs, from the folder. Raises NoModel."""
    return [Network.load(folder / name, threads) for name in FILES]


def _session(path: Path, data: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a waiting thread gives its core away
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has no public base class of its errors
        msg = f"{path} is no network that ONNX Runtime can load ({error}): {_REMEDY}"
        raise NoModel(msg) from error


def _input_size(path: Path, session: onnxruntime.InferenceSession) -> Size:
    wanted = [entry for entry in session.get_inputs() if entry.name == "image" and entry.type == "tensor(uint8)"]
    shape = wanted[0].shape if wanted else []
    if len(shape) != 4 or shape[3] != 3 or not all(isinstance(side, int) for side in shape[1:3]):
        msg = f"{path} has no input `image` of uint8 [n, height, width, 3]: {_REMEDY}"
        raise NoModel(msg)
    return Size(shape[2], shape[1])
