"""A record that was left out is noticed before anything after it is judged."""

from vantage_alerts.domain.continuity import Continuity

PARTITION = ("detections.v1", 2)


def begun(offset: int = 5) -> Continuity:
    continuity = Continuity()
    continuity.begin({PARTITION: offset})
    return continuity


def test_records_in_order_follow() -> None:
    continuity = begun()
    assert [continuity.follows(PARTITION, offset) for offset in (5, 6, 7)] == [True, True, True]


def test_a_record_that_was_left_out_is_a_fault() -> None:
    continuity = begun()
    assert continuity.follows(PARTITION, 5)
    assert not continuity.follows(PARTITION, 7)


def test_the_first_record_may_be_left_out_as_well() -> None:
    assert not begun(5).follows(PARTITION, 6)


def test_the_same_gap_after_a_new_beginning_is_the_logs_own() -> None:
    continuity = begun()
    assert not continuity.follows(PARTITION, 9)
    continuity.begin({PARTITION: 5})
    assert continuity.follows(PARTITION, 9)
    assert continuity.follows(PARTITION, 10)


def test_another_gap_after_a_new_beginning_is_a_fault_again() -> None:
    continuity = begun()
    assert not continuity.follows(PARTITION, 9)
    continuity.begin({PARTITION: 5})
    assert not continuity.follows(PARTITION, 8)


def test_a_record_that_comes_again_follows() -> None:
    continuity = begun()
    assert all(continuity.follows(PARTITION, offset) for offset in (5, 6, 5, 6, 7))


def test_of_a_partition_that_is_not_in_hand_nothing_is_known() -> None:
    assert begun().follows(("detections.v1", 3), 1_000)
