"""The converted model is the same file each time, takes pictures in batches, and finds a person in the street."""

import hashlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from vantage_stack.cache import Cache
from vantage_stack.cameras.clip import source_clip
from vantage_stack.model.convert import SIZES, convert_all, file_name
from vantage_stack.model.model import model_folder
from vantage_stack.model.weights import FILES, GRAPH, weights

PERSON = 0
"""The COCO label."""


@pytest.fixture(scope="module")
def models() -> Path:
    return model_folder(Cache(), lambda _: None)


def picture(number: int, height: int, width: int) -> NDArray[np.uint8]:
    """A frame of the street crossing: B, G, R, [1,H,W,3]."""
    with av.open(source_clip()) as container:
        for frame_number, frame in enumerate(container.decode(video=0)):
            if frame_number == number:
                found: NDArray[Any] = frame.reformat(width, height, "bgr24").to_ndarray()[None]
                return found
    pytest.fail("the clip is shorter")


def detect(models: Path, pictures: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
    _, height, width, _ = pictures.shape
    session = onnxruntime.InferenceSession(models / file_name(height, width))
    boxes, scores = session.run(["boxes", "scores"], {"image": pictures})
    return boxes, scores


def test_there_is_a_model_for_each_shape_of_picture(models: Path) -> None:
    assert sorted(path.name for path in models.iterdir()) == ["nanodet-288x512.onnx", "nanodet-320x416.onnx"]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_each_cell_has_a_box_and_a_score_for_each_label(models: Path, height: int, width: int) -> None:
    cells = height * width // 64 + height * width // 256 + height * width // 1024
    boxes, scores = detect(models, picture(30, height, width))
    assert (boxes.shape, scores.shape) == ((1, cells, 4), (1, cells, 80))
    assert scores.min() >= 0
    assert scores.max() <= 1


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_person_is_found_in_the_street(models: Path, height: int, width: int) -> None:
    boxes, scores = detect(models, picture(30, height, width))
    best = int(scores[0, :, PERSON].argmax())
    left, top, right, bottom = boxes[0, best]
    assert scores[0, best, PERSON] > 0.6
    assert 0 <= left + 4 < right <= width + 4
    assert 0 <= top + 4 < bottom <= height + 4
    assert bottom - top > right - left, "people here stand or ride: a box is taller than wide"


def test_nothing_is_found_in_a_grey_picture(models: Path) -> None:
    _, scores = detect(models, np.full((1, 288, 512, 3), 128, np.uint8))
    assert scores.max() < 0.4


def test_a_batch_gives_what_its_pictures_give(models: Path) -> None:
    pictures = [picture(number, 288, 512) for number in (30, 105)]
    alone = [detect(models, each) for each in pictures]
    boxes, scores = detect(models, np.concatenate(pictures))
    np.testing.assert_allclose(boxes, np.concatenate([each[0] for each in alone]), atol=1e-3)
    np.testing.assert_allclose(scores, np.concatenate([each[1] for each in alone]), atol=1e-5)


def test_converting_again_gives_the_same_bytes(models: Path, tmp_path: Path) -> None:
    convert_all(weights(Cache(), lambda _: None) / GRAPH, tmp_path)
    for path in models.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_only_the_pinned_weights_are_kept() -> None:
    folder = weights(Cache(), lambda _: None)
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == FILES
