"""What counts in a frame."""

from typing import Any

from vantage.contracts.detection import FrameObjects, Seen
from vantage_alerts.domain.frame_count import MOST_TRACKS, count_frame
from vantage_alerts.domain.zone import Zone


def lower_half() -> Zone:
    return Zone.of([(0, 32768), (65535, 32768), (65535, 65535), (0, 65535)])


def test_only_those_whose_foot_is_in_the_zone_count(street: Any) -> None:
    frame = street.frame(0, 2, street.person(inside=False))
    assert count_frame(frame, "frg", street.intrusion().condition, lower_half()).count == 2


def test_without_a_zone_the_whole_picture_counts(street: Any) -> None:
    frame = street.frame(0, 2, street.person(inside=False))
    assert count_frame(frame, "frg", street.crowd(3).condition, None).holds


def test_other_labels_and_low_scores_do_not_count(street: Any) -> None:
    frame = street.frame(0, 0, street.person(score=127), street.person(label="bicycle"), street.person(score=128))
    assert count_frame(frame, "frg", street.intrusion().condition, lower_half()).count == 1


def test_a_crowd_below_its_threshold_does_not_hold(street: Any) -> None:
    assert not count_frame(street.frame(0, 2), "frg", street.crowd(3).condition, None).holds
    assert count_frame(street.frame(0, 3), "frg", street.crowd(3).condition, None).holds


def test_evidence_names_the_frame_the_tracks_and_the_box_around_all(street: Any) -> None:
    objects = [Seen("person", 200, 10, 40000, 30, 60000, 9), Seen("person", 200, 100, 30000, 130, 50000, 4)]
    counted = count_frame(FrameObjects(street.at(3), objects), "frg_1", street.intrusion().condition, lower_half())
    evidence = counted.evidence()
    assert (evidence.at, evidence.fragment_id, evidence.count) == (street.at(3), "frg_1", 2)
    assert evidence.tracks == [4, 9]
    assert evidence.box == (10, 30000, 130, 60000)


def test_evidence_of_an_empty_frame_has_no_box(street: Any) -> None:
    evidence = count_frame(street.frame(0), "frg", street.intrusion().condition, lower_half()).evidence()
    assert (evidence.count, evidence.tracks, evidence.box) == (0, [], None)


def test_evidence_stays_small_in_a_crowd(street: Any) -> None:
    evidence = count_frame(street.frame(0, 500), "frg", street.crowd(10).condition, None).evidence()
    assert evidence.count == 500
    assert len(evidence.tracks) == MOST_TRACKS
