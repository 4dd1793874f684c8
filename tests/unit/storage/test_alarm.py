"""One alert a hole: opened once, grown with it, over when nothing of it is unexplained."""

from dataclasses import replace

from vantage_storage.domain.alarm import LEAST_US, Alarm, reconcile

SECOND = 1_000_000
CAMERA = "hk1.one"


def opened(start: int, end: int) -> Alarm:
    (one,) = reconcile([], {CAMERA: [(start, end)]})
    return one


class TestAlarms:
    def test_a_hole_is_told_once(self) -> None:
        one = opened(0, 5 * SECOND)
        assert (one.start, one.end, one.peak_us, one.closed) == (0, 5 * SECOND, 5 * SECOND, False)
        assert reconcile([one], {CAMERA: [(0, 5 * SECOND)]}) == []

    def test_its_id_is_made_of_where_it_began(self) -> None:
        assert opened(0, 5 * SECOND).alert_id == opened(0, 9 * SECOND).alert_id != opened(1, 5 * SECOND).alert_id

    def test_it_grows_with_the_hole(self) -> None:
        one = opened(0, 5 * SECOND)
        assert reconcile([one], {CAMERA: [(0, 9 * SECOND)]}) == [replace(one, end=9 * SECOND, peak_us=9 * SECOND)]

    def test_it_is_over_when_nothing_of_it_is_unexplained(self) -> None:
        one = opened(0, 5 * SECOND)
        assert reconcile([one], {}) == [replace(one, closed=True)]
        assert reconcile([one], {CAMERA: [(4 * SECOND, 5 * SECOND)]}) == []

    def test_two_parts_of_a_hole_that_was_told_are_no_news(self) -> None:
        one = opened(0, 9 * SECOND)
        assert reconcile([one], {CAMERA: [(0, 2 * SECOND), (7 * SECOND, 9 * SECOND)]}) == []

    def test_another_hole_is_another_alert(self) -> None:
        one = opened(0, 5 * SECOND)
        (other,) = reconcile([one], {CAMERA: [(0, 5 * SECOND), (20 * SECOND, 30 * SECOND)]})
        assert (other.start, other.end) == (20 * SECOND, 30 * SECOND)

    def test_less_than_a_fragment_is_counted_and_not_told(self) -> None:
        assert reconcile([], {CAMERA: [(0, LEAST_US - 1)]}) == []
