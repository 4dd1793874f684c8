"""A camera's status as the cause of what is missing."""

from vantage_storage.domain.ledger import UNEXPLAINED, Cause
from vantage_storage.domain.witness import SILENCE_US, Told, as_causes

MINUTE = 60_000_000


class TestStatuses:
    def test_a_camera_that_is_away_for_days_has_a_cause_today(self) -> None:
        away = Told(0, 5000 * MINUTE, "offline", "the camera cannot be reached")
        assert as_causes([away]) == [Cause(0, 5000 * MINUTE, "camera-unreachable", "the camera cannot be reached")]

    def test_a_state_holds_until_the_next_began(self) -> None:
        told = [Told(0, MINUTE, "stalled", "stopped"), Told(MINUTE + 30, 2 * MINUTE, "online", "")]
        assert as_causes(told) == [Cause(0, MINUTE + 30, "stream-stalled", "stopped")]

    def test_nobody_vouches_for_a_state_over_a_long_silence(self) -> None:
        told = [Told(0, MINUTE, "offline", "away"), Told(MINUTE + SILENCE_US + 1, 9 * MINUTE, "online", "")]
        assert as_causes(told) == [Cause(0, MINUTE, "camera-unreachable", "away")]

    def test_a_camera_that_is_read_explains_nothing_but_may_say_something(self) -> None:
        told = [Told(0, MINUTE, "online", "the disk is full"), Told(MINUTE, 2 * MINUTE, "online", "")]
        assert as_causes(told) == [Cause(0, MINUTE, UNEXPLAINED, "the disk is full")]
