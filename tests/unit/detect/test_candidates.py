"""From raw boxes and scores to sightings: one box an object, allowed labels only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vantage_detect.domain.boxes import overlap, suppress, widened
from vantage_detect.domain.candidates import FOLLOWED_FROM, MOST_SIGHTINGS, Sighting, sightings
from vantage_detect.domain.labels import LABEL_OF_CLASS
from vantage_detect.domain.letterbox import Size, fit

WHOLE = fit(Size(512, 288), Size(512, 288))
PERSON, BICYCLE, BACKPACK = 0, 1, 24


def seen(*found: tuple[list[float], int, float]) -> list[Sighting]:
    boxes = np.array([box for box, _, _ in found], np.float32).reshape(-1, 4)
    scores = np.zeros((len(found), 80), np.float32)
    for row, (_, kind, score) in enumerate(found):
        scores[row, kind] = score
    return sightings(boxes, scores, WHOLE)


class TestOverlap:
    def test_is_the_shared_part_of_both(self) -> None:
        ours = np.array([[0, 0, 10, 10]], np.float32)
        theirs = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
        assert np.allclose(overlap(ours, theirs), [[1, 1 / 3, 0]])

    def test_a_widened_box_grows_on_every_side(self) -> None:
        assert widened(np.array([[10.0, 20.0, 30.0, 60.0]]), 0.5).tolist() == [[0, 0, 40, 80]]

    @given(arrays(np.float32, (5, 4), elements=st.floats(0, 100, width=32)))
    def test_is_a_share_and_the_same_both_ways(self, corners: np.ndarray) -> None:
        boxes = np.concatenate(
            (np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])), 1
        )
        shared = overlap(boxes, boxes)
        assert shared.min() >= 0
        assert shared.max() <= 1 + 1e-5
        assert np.allclose(shared, shared.T)


class TestSuppression:
    def test_the_best_box_of_an_object_stays(self) -> None:
        boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], np.float32)
        kept = suppress(boxes, np.array([0.6, 0.9, 0.7]), np.zeros(3, np.intp), 0.5)
        assert kept.tolist() == [1, 2]

    def test_classes_do_not_suppress_each_other(self) -> None:
        boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float32)
        assert suppress(boxes, np.array([0.6, 0.9]), np.array([0, 1]), 0.5).tolist() == [1, 0]

    @given(
        arrays(np.float32, (12, 2), elements=st.floats(0, 40, width=32)),
        st.lists(st.sampled_from([0.3, 0.5, 0.7, 0.9]), min_size=12, max_size=12),
    )
    def test_what_stays_overlaps_little_and_what_goes_overlaps_a_better_one(
        self,
        corners: np.ndarray,
        scores: list[float],
    ) -> None:
        boxes = np.concatenate((corners, corners + 20), axis=1)
        kept = suppress(boxes, np.array(scores), np.zeros(12, np.intp), 0.5)
        shared = overlap(boxes, boxes) > 0.5
        assert not any(shared[one, other] for one in kept for other in kept if one != other)
        for gone in set(range(12)) - set(kept.tolist()):
            assert any(shared[gone, one] and scores[one] >= scores[gone] for one in kept)


class TestSightings:
    def test_are_in_units_of_the_frame_best_first(self) -> None:
        found = seen(([0, 0, 256, 144], PERSON, 0.6), ([256, 144, 512, 288], BICYCLE, 0.9))
        assert [(one.label, one.box) for one in found] == [
            ("bicycle", (32768, 32768, 65535, 65535)),
            ("person", (0, 0, 32768, 32768)),
        ]

    def test_nothing_but_allowed_labels_leaves(self) -> None:
        assert seen(([0, 0, 256, 144], BACKPACK, 0.99)) == []
        every = [([kind * 6.0, 0, kind * 6.0 + 5, 50], kind, 0.9) for kind in range(80)]
        assert {one.label for one in seen(*every)} == set(LABEL_OF_CLASS.values())

    def test_what_is_hardly_there_is_not_a_sighting(self) -> None:
        assert seen(([0, 0, 256, 144], PERSON, FOLLOWED_FROM - 0.01)) == []

    def test_a_box_without_area_is_not_a_sighting(self) -> None:
        assert seen(([600, 0, 700, 144], PERSON, 0.9)) == []

    def test_a_broken_picture_makes_no_large_message(self) -> None:
        many = [([x * 2.0, y * 2.0, x * 2.0 + 1, y * 2.0 + 1], PERSON, 0.9) for x in range(30) for y in range(30)]
        assert len(seen(*many)) == MOST_SIGHTINGS
