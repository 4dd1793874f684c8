"""One rule at one camera: when it opens, changes, closes, and when it keeps still."""

from typing import Any

from vantage.contracts import Finding, Rule
from vantage.ids import alert_id, finding_id
from vantage_alerts.domain.frame_count import count_frame
from vantage_alerts.domain.rule_step import close, step
from vantage_alerts.domain.state import RuleState


class Story:
    """Frames one after the other: (seconds, people) each; and what was found in them."""

    def __init__(self, street: Any, rule: Rule) -> None:
        self.street, self.rule = street, rule
        self.state = RuleState(rule.version)
        self.findings: list[Finding] = []

    def goes(self, *frames: tuple[float, int]) -> list[tuple[str, float]]:
        """The findings of these frames: state and seconds of their evidence."""
        found: list[Finding] = []
        for seconds, people in frames:
            frame = self.street.frame(seconds, people)
            counted = count_frame(frame, f"frg_{seconds}", self.rule.condition, None)
            self.state, more = step(self.state, counted, self.rule, self.street.camera_id)
            found += more
        self.findings += found
        return [(finding.state, (finding.evidence.at - self.street.at(0)) / self.street.second) for finding in found]


def test_without_a_minimum_the_first_frame_opens(street: Any) -> None:
    story = Story(street, street.intrusion())
    assert story.goes((0, 0), (1, 1), (2, 1)) == [("opened", 1)]


def test_an_alert_opens_when_the_minimum_time_is_over(street: Any) -> None:
    story = Story(street, street.intrusion(minimum=1))
    assert story.goes((0, 1), (0.5, 1), (0.9, 1)) == []
    assert story.goes((1, 1)) == [("opened", 1)]
    assert story.findings[0].window_start == street.at(0)


def test_a_frame_without_them_begins_the_minimum_time_anew(street: Any) -> None:
    story = Story(street, street.intrusion(minimum=1))
    assert story.goes((0, 1), (0.8, 0), (1, 1), (1.8, 1)) == []
    assert story.goes((2, 1)) == [("opened", 2)]
    assert story.findings[0].window_start == street.at(1)


def test_time_that_nobody_looked_at_is_no_part_of_the_minimum_time(street: Any) -> None:
    story = Story(street, street.intrusion(minimum=5))
    assert story.goes((0, 1), (60, 1)) == []
    assert story.goes((62, 1), (64, 1), (65, 1)) == [("opened", 65)]
    assert story.findings[0].window_start == street.at(60)


def test_ids_follow_from_rule_version_camera_and_window(street: Any) -> None:
    story = Story(street, street.intrusion(version=3, minimum=1))
    story.goes((0, 1), (1, 1), (2, 2))
    alert = alert_id("steps-closed", 3, street.camera_id, street.at(0))
    assert [finding.alert_id for finding in story.findings] == [alert, alert]
    assert [finding.finding_id for finding in story.findings] == [finding_id(alert, 1), finding_id(alert, 2)]
    assert [finding.rule_version for finding in story.findings] == [3, 3]


def test_only_a_new_peak_is_a_change(street: Any) -> None:
    story = Story(street, street.crowd(2))
    assert story.goes((0, 2), (1, 4), (2, 3), (3, 4), (4, 5)) == [("opened", 0), ("changed", 1), ("changed", 4)]
    assert [finding.peak for finding in story.findings] == [2, 4, 5]


def test_an_alert_closes_when_it_was_clear_for_long_enough(street: Any) -> None:
    story = Story(street, street.intrusion(clear=2))
    assert story.goes((0, 1), (1, 0), (2, 0), (2.9, 0)) == [("opened", 0)]
    assert story.goes((3, 0)) == [("closed", 3)]
    assert story.findings[-1].step == 2
    assert story.findings[-1].peak == 1


def test_who_comes_back_in_time_keeps_the_alert_open(street: Any) -> None:
    story = Story(street, street.intrusion(clear=2))
    assert story.goes((0, 1), (1, 0), (2.9, 1), (3, 0), (4.9, 0)) == [("opened", 0)]
    assert story.goes((5, 0)) == [("closed", 5)]


def test_without_hysteresis_the_first_clear_frame_closes(street: Any) -> None:
    story = Story(street, street.intrusion(clear=0))
    assert story.goes((0, 1), (1, 0), (2, 1)) == [("opened", 0), ("closed", 1), ("opened", 2)]


def test_who_comes_back_too_late_is_another_alert(street: Any) -> None:
    story = Story(street, street.intrusion(clear=2))
    assert story.goes((0, 1), (1, 0), (9, 1)) == [("opened", 0), ("closed", 9), ("opened", 9)]
    first, _, second = story.findings
    assert first.alert_id != second.alert_id


def test_nothing_opens_before_the_cool_down_is_over(street: Any) -> None:
    story = Story(street, street.intrusion(clear=0, cool_down=10))
    assert story.goes((0, 1), (1, 0), (2, 1), (4, 1), (10.9, 1)) == [("opened", 0), ("closed", 1)]
    assert story.goes((11, 1)) == [("opened", 11)]


def test_closing_without_a_frame_rests_on_the_last_evidence(street: Any) -> None:
    story = Story(street, street.intrusion())
    story.goes((0, 1), (1, 3))
    state, (closed,) = close(story.state)
    assert (closed.state, closed.step, closed.evidence) == ("closed", 3, story.findings[-1].evidence)
    assert state.open is None


def test_closing_what_is_not_open_finds_nothing(street: Any) -> None:
    assert close(RuleState(1, since=street.at(0), latest=street.at(0)))[1] == ()


def test_the_rule_type_severity_and_title_are_on_each_finding(street: Any) -> None:
    intrusion, crowd = Story(street, street.intrusion()), Story(street, street.crowd(1))
    intrusion.goes((0, 1))
    crowd.goes((0, 1))
    assert intrusion.findings[0].rule_type == "intrusion"
    assert intrusion.findings[0].zone_id == "steps"
    assert intrusion.findings[0].severity == "severe"
    assert intrusion.findings[0].title == "The steps are closed"
    assert (crowd.findings[0].rule_type, crowd.findings[0].zone_id) == ("crowd-count", None)
