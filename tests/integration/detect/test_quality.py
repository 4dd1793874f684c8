"""How well people are found, by the real way from coded bytes to sightings, against the truth of the PETS clip."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from vantage_detect.adapters.network import load_networks
from vantage_detect.analyser import Analyser, Look
from vantage_detect.clip import encode
from vantage_detect.domain.boxes import Boxes, overlap
from vantage_detect.domain.candidates import SEEN_FROM, Sighting
from vantage_detect.domain.letterbox import FRAME_UNITS, Size
from vantage_detect.domain.tracker import Tracker

SIZE = Size(768, 576)
SECONDS = 30
FPS = 10
SAME = 0.5
LEAST_F1 = 0.88
LEAST_KEPT = 0.93

Truth = dict[int, tuple[list[int], Boxes, Boxes]]
"""Frame (from 1) to the people's numbers, their boxes, and boxes that count neither way; in pixels."""


@pytest.fixture(scope="module")
def truth(pets_folder: Path) -> Truth:
    rows = np.loadtxt(pets_folder / "gt_frames_10_300.txt", delimiter=",")
    boxes = np.concatenate((rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]), axis=1)
    counts = rows[:, 6] > 0
    return {
        int(frame): (
            rows[(rows[:, 0] == frame) & counts, 1].astype(int).tolist(),
            boxes[(rows[:, 0] == frame) & counts],
            boxes[(rows[:, 0] == frame) & ~counts],
        )
        for frame in np.unique(rows[:, 0])
    }


@pytest.fixture(scope="module")
def looks(pets_folder: Path, model_dir: Path) -> list[Look]:
    """Five looks a second at the clip as a camera would send it, every frame with a truth among them."""
    clip = encode(pets_folder / "vtest.avi", SIZE, FPS, SECONDS, crf=18)
    analyser, found = Analyser(load_networks(model_dir, 2)), []
    for number, piece in enumerate(clip.pieces):
        message = clip.announce(number, "hk1.pets", epoch=1, start_us=0, bucket="live", pack="pets")
        found += analyser.look(piece.init + piece.media, message, [1, 3, 5, 7, 9]).looks
    return found


def frame_of(look: Look) -> int:
    return round(look.at_us * FPS / 1_000_000) + 1


def people(seen: list[Sighting]) -> list[Sighting]:
    return [sighting for sighting in seen if sighting.label == "person" and sighting.score >= SEEN_FROM]


def pixels(found: list[Sighting]) -> Boxes:
    boxes = np.array([sighting.box for sighting in found], np.float64).reshape(-1, 4)
    scaled: Boxes = boxes / FRAME_UNITS * np.array([SIZE.width, SIZE.height] * 2)
    return scaled


def pairs(truth: Boxes, found: Boxes) -> list[tuple[int, int]]:
    shared = overlap(truth, found)
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if shared[row, column] >= SAME]


def wrong(found: Boxes, matched: set[int], ignored: Boxes) -> int:
    """Boxes that are on nobody, nor on one of those that count neither way."""
    rest = found[[index for index in range(len(found)) if index not in matched]]
    elsewhere = rest if not len(ignored) else rest[overlap(rest, ignored).max(axis=1, initial=0) < SAME]
    return len(elsewhere)


def test_finds_people_as_well_as_was_measured(looks: list[Look], truth: Truth) -> None:
    hit = false = missed = 0
    for look in looks:
        if (frame := frame_of(look)) not in truth:
            continue
        _, boxes, ignored = truth[frame]
        found = pixels(people(look.sightings))
        matched = pairs(boxes, found)
        hit += len(matched)
        missed += len(boxes) - len(matched)
        false += wrong(found, {column for _, column in matched}, ignored)
    f1 = 2 * hit / (2 * hit + false + missed)
    assert hit + missed == sum(len(numbers) for numbers, _, _ in truth.values())
    assert f1 >= LEAST_F1, f"F1 {f1:.3f}: {hit} found, {false} false, {missed} missed"


def test_a_person_keeps_a_number_at_five_looks_a_second(looks: list[Look], truth: Truth) -> None:
    tracker, numbers_of = Tracker(2_000_000), defaultdict(list)
    for look in looks:
        given = dict(zip(look.sightings, tracker.look(look.at_us, look.sightings)[0], strict=True))
        names, boxes, _ = truth.get(frame_of(look), ([], np.zeros((0, 4)), None))
        found = people(look.sightings)
        for row, column in pairs(boxes, pixels(found)):
            if (track := given[found[column]]) is not None:
                numbers_of[names[row]].append(track)
    kept = sum(one == other for own in numbers_of.values() for one, other in pairwise(own))
    steps = sum(len(own) - 1 for own in numbers_of.values())
    assert steps > 100
    assert kept / steps >= LEAST_KEPT, f"{steps - kept} of {steps} seconds change the number"
