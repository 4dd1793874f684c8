"""Which messages, frames and rules are judged at a camera, and what ends when they change."""

from collections.abc import Iterable
from typing import Any

from vantage.contracts import Camera, Detections, Finding, Rule
from vantage_alerts.domain.state import CameraState
from vantage_alerts.domain.watch import judge, settle, watches


class Watched:
    """A camera with its rules and its state; messages are written when their last frame was taken."""

    def __init__(self, street: Any, *rules: Rule, camera: Camera | None = None) -> None:
        self.street = street
        self.state = CameraState()
        self.skipped: dict[str, int] = {}
        self.change(*rules, camera=camera)

    def change(self, *rules: Rule, camera: Camera | None = None) -> None:
        self.watches = watches(camera or self.street.camera(), rules)

    def hears(self, message: Detections, now: float | None = None) -> list[str]:
        last = max((frame.at for frame in message.frames), default=message.start)
        judged = judge(self.state, message, self.watches, last if now is None else self.street.at(now))
        self.state, self.skipped = judged.state, dict(judged.skipped)
        return states(judged.findings)

    def settles(self) -> list[str]:
        judged = settle(self.state, self.watches)
        self.state = judged.state
        return states(judged.findings)


def states(findings: Iterable[Finding]) -> list[str]:
    return [f"{finding.state} {finding.rule_id} v{finding.rule_version}" for finding in findings]


def test_a_fragment_that_comes_twice_finds_once(street: Any) -> None:
    watched = Watched(street, street.intrusion())
    message = street.message(street.frame(0, 1), street.frame(0.5, 2))
    assert watched.hears(message) == ["opened steps-closed v1", "changed steps-closed v1"]
    before = watched.state
    assert watched.hears(message) == []
    assert watched.state == before
    assert watched.skipped == {"late": 2}


def test_a_late_fragment_is_not_judged(street: Any) -> None:
    watched = Watched(street, street.intrusion(clear=0))
    watched.hears(street.message(street.frame(5, 1)))
    assert watched.hears(street.message(street.frame(4, 0))) == []
    assert watched.state.rules["steps-closed"].open is not None


def test_frames_out_of_order_in_a_message_are_judged_in_order(street: Any) -> None:
    watched = Watched(street, street.intrusion(clear=0))
    message = street.message(street.frame(1, 0), street.frame(0, 1))
    assert watched.hears(message) == ["opened steps-closed v1", "closed steps-closed v1"]


def test_of_an_overlap_only_the_frames_not_seen_before_are_judged(street: Any) -> None:
    watched = Watched(street, street.crowd(1))
    watched.hears(street.message(street.frame(0, 1), street.frame(1, 1)))
    found = watched.hears(street.message(street.frame(0.9, 9), street.frame(1.1, 2), epoch=2))
    assert found == ["changed crowd v1"]
    assert watched.skipped == {"late": 1}


def test_an_ownership_that_is_over_is_not_heard(street: Any) -> None:
    watched = Watched(street, street.intrusion(clear=0))
    watched.hears(street.message(street.frame(0, 1), epoch=7))
    assert watched.hears(street.message(street.frame(1, 0), epoch=6)) == []
    assert watched.skipped == {"old-epoch": 1}
    assert watched.hears(street.message(street.frame(2, 0), epoch=8)) == ["closed steps-closed v1"]


def test_a_clock_that_runs_ahead_does_not_blind_the_rules(street: Any) -> None:
    watched = Watched(street, street.intrusion())
    assert watched.hears(street.message(street.frame(3600, 1)), now=0) == []
    assert watched.skipped == {"ahead": 1}
    assert watched.hears(street.message(street.frame(1, 1)), now=1) == ["opened steps-closed v1"]


def test_a_message_without_frames_changes_nothing(street: Any) -> None:
    watched = Watched(street, street.intrusion(clear=0))
    watched.hears(street.message(street.frame(0, 1)))
    before = watched.state
    assert watched.hears(street.message()) == []
    assert not watched.state.differs(before)


def test_each_rule_is_judged_by_itself(street: Any) -> None:
    watched = Watched(street, street.intrusion(), street.crowd(3))
    assert watched.hears(street.message(street.frame(0, 1), street.frame(1, 3))) == [
        "opened steps-closed v1",
        "opened crowd v1",
        "changed steps-closed v1",
    ]


def test_a_changed_rule_closes_what_its_old_version_opened_and_begins_anew(street: Any) -> None:
    watched = Watched(street, street.intrusion())
    watched.hears(street.message(street.frame(0, 1)))
    watched.change(street.intrusion(version=2))
    assert watched.hears(street.message(street.frame(1, 1))) == ["closed steps-closed v1", "opened steps-closed v2"]


def test_a_rule_switched_off_closes_what_it_opened(street: Any) -> None:
    watched = Watched(street, street.intrusion())
    watched.hears(street.message(street.frame(0, 1)))
    watched.change(street.intrusion(version=2, enabled=False))
    assert watched.settles() == ["closed steps-closed v1"]
    assert watched.settles() == []
    assert watched.hears(street.message(street.frame(1, 1))) == []


def test_a_rule_that_is_gone_or_no_longer_for_the_camera_closes(street: Any) -> None:
    for rules in ([], [street.intrusion(cameras=["hk1.elsewhere"])]):
        watched = Watched(street, street.intrusion())
        watched.hears(street.message(street.frame(0, 1)))
        watched.change(*rules)
        assert watched.settles() == ["closed steps-closed v1"]


def test_a_camera_that_no_longer_records_closes_all(street: Any) -> None:
    watched = Watched(street, street.intrusion(), street.crowd(1))
    watched.hears(street.message(street.frame(0, 1)))
    watched.change(street.intrusion(), street.crowd(1), camera=street.camera("paused"))
    assert sorted(watched.settles()) == ["closed crowd v1", "closed steps-closed v1"]
    assert watched.hears(street.message(street.frame(1, 1))) == []


def test_a_zone_that_is_taken_away_closes(street: Any) -> None:
    watched = Watched(street, street.intrusion())
    watched.hears(street.message(street.frame(0, 1)))
    watched.change(street.intrusion(), camera=street.camera(revision=2, zones=()))
    assert watched.settles() == ["closed steps-closed v1"]


def test_a_rule_for_all_cameras_is_not_judged_where_its_zone_is_not(street: Any) -> None:
    assert watches(street.camera(zones=("gate",)), [street.intrusion()]) == {}


def test_an_unknown_camera_is_not_judged(street: Any) -> None:
    assert watches(None, [street.intrusion()]) == {}


def test_a_quiet_street_leaves_nothing_to_write(street: Any) -> None:
    watched = Watched(street, street.intrusion(), street.crowd(5))
    watched.hears(street.message(street.frame(0)))
    before = watched.state
    for second in range(1, 20):
        watched.hears(street.message(street.frame(second, 0, street.person(inside=False))))
    assert not watched.state.differs(before)


def test_an_open_alert_that_stays_as_it_is_leaves_nothing_to_write(street: Any) -> None:
    watched = Watched(street, street.intrusion())
    watched.hears(street.message(street.frame(0, 2)))
    before = watched.state
    for second in range(1, 20):
        watched.hears(street.message(street.frame(second, 1 + second % 2)))
    assert not watched.state.differs(before)
