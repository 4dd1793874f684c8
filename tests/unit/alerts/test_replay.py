"""What holds whatever comes, and in whatever order: the same findings with the same ids, and never two alerts open."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from vantage.contracts import Detections, Finding
from vantage_alerts.domain.state import decode_state, encode_state
from vantage_alerts.domain.watch import Watch, judge, settle, watches

gaps = st.sampled_from([0.2, 0.5, 1.0, 2.5])
frames = st.lists(st.tuples(gaps, st.integers(0, 4)), min_size=0, max_size=5)
films = st.lists(frames, min_size=1, max_size=12)
rules = st.fixed_dictionaries(
    {
        "minimum": st.sampled_from([0, 0.5, 1.5]),
        "clear": st.sampled_from([0, 0.5, 2.0]),
        "cool_down": st.sampled_from([0, 3.0]),
    }
)


class Judge:
    """Judges as the engine does: what is stored is older than what is known, in what needs no storing."""

    def __init__(self, watched: dict[str, Watch], stored: bytes | None = None) -> None:
        self.watched = watched
        self.stored = stored
        self.state = decode_state(stored)
        self.findings: list[Finding] = []

    def hear(self, messages: Sequence[Detections]) -> "Judge":
        for message in messages:
            now = max((frame.at for frame in message.frames), default=message.start)
            judged = judge(self.state, message, self.watched, now)
            if judged.state.differs(self.state):
                self.stored = encode_state(judged.state)
            self.state = judged.state
            self.findings += judged.findings
        return self


def film(street: Any, shots: Sequence[Sequence[tuple[float, int]]], epochs: Sequence[int] = ()) -> list[Detections]:
    """Messages in the order of capture; an epoch begins at each message whose number is in `epochs`."""
    messages, at, epoch = [], 0.0, 1
    for number, shot in enumerate(shots):
        epoch += number in epochs
        taken = []
        for gap, people in shot:
            at += gap
            taken.append(street.frame(at, people))
        messages.append(street.message(*taken, epoch=epoch))
    return messages


def watched_by(street: Any, rule: dict[str, float]) -> dict[str, Watch]:
    return watches(street.camera(), [street.intrusion(**rule), street.crowd(3, minimum=0.5, clear=1)])


def with_echoes(messages: list[Detections], echoes: Sequence[tuple[int, int]]) -> list[Detections]:
    """The messages, with copies of some of them some places later."""
    heard = [[message] for message in messages]
    for number, later in echoes:
        place = min(number % len(messages) + later, len(messages) - 1)
        heard[place].append(messages[number % len(messages)])
    return [message for group in heard for message in group]


@given(shots=films, rule=rules, echoes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 5)), max_size=6))
def test_duplicates_change_nothing(
    street: Any, shots: list[list[tuple[float, int]]], rule: dict[str, float], echoes: list[tuple[int, int]]
) -> None:
    messages, watched = film(street, shots), watched_by(street, rule)
    once, echoed = Judge(watched).hear(messages), Judge(watched).hear(with_echoes(messages, echoes))
    assert echoed.findings == once.findings
    assert echoed.state == once.state


@given(
    shots=films,
    rule=rules,
    epochs=st.sets(st.integers(0, 11)),
    echoes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=3),
    killed=st.integers(0, 15),
    committed=st.integers(0, 15),
)
def test_a_replay_from_any_point_finds_the_same(  # noqa: PLR0917  # hypothesis names each
    street: Any,
    shots: list[list[tuple[float, int]]],
    rule: dict[str, float],
    epochs: set[int],
    echoes: list[tuple[int, int]],
    killed: int,
    committed: int,
) -> None:
    messages = with_echoes(film(street, shots, sorted(epochs)), echoes)
    watched = watched_by(street, rule)
    killed = min(killed, len(messages))
    committed = min(committed, killed)
    whole = Judge(watched).hear(messages)
    first = Judge(watched).hear(messages[:killed])
    second = Judge(watched, first.stored).hear(messages[committed:])
    assert {finding.finding_id: finding for finding in first.findings + second.findings} == {
        finding.finding_id: finding for finding in whole.findings
    }
    assert second.state.rules == whole.state.rules


@given(
    shots=films,
    rule=rules,
    order=st.permutations(range(12)),
    epochs=st.sets(st.integers(0, 11)),
    versions=st.lists(st.integers(0, 11), max_size=3),
)
def test_an_alert_opens_and_closes_in_turn_and_is_alone(  # noqa: PLR0917  # hypothesis names each
    street: Any,
    shots: list[list[tuple[float, int]]],
    rule: dict[str, float],
    order: list[int],
    epochs: set[int],
    versions: list[int],
) -> None:
    """In any order, over any change of the rule, and with the camera paused at the end."""
    messages = film(street, shots, sorted(epochs))
    judge_ = Judge(watched_by(street, rule))
    for place, number in enumerate(number for number in order if number < len(messages)):
        version = 1 + sum(changed <= place for changed in versions)
        watch = judge_.watched["steps-closed"]
        judge_.watched["steps-closed"] = Watch(replace(watch.rule, version=version), watch.zone)
        judge_.hear([messages[number]])
    findings = judge_.findings + list(settle(judge_.state, {}).findings)
    for rule_id in ("steps-closed", "crowd"):
        assert_in_turn([finding for finding in findings if finding.rule_id == rule_id])
    assert len({finding.finding_id for finding in findings}) == len(findings)


def assert_in_turn(findings: Sequence[Finding]) -> None:
    standing: Finding | None = None
    for finding in findings:
        if standing is None:
            assert (finding.state, finding.step) == ("opened", 1)
            assert finding.window_start <= finding.evidence.at
        else:
            assert finding.state in {"changed", "closed"}
            assert (finding.alert_id, finding.step) == (standing.alert_id, standing.step + 1)
            assert finding.peak > standing.peak or finding.state == "closed"
        standing = None if finding.state == "closed" else finding
    assert standing is None


@given(shots=films, rule=rules)
def test_a_minimum_time_is_kept_by_every_alert(
    street: Any, shots: list[list[tuple[float, int]]], rule: dict[str, float]
) -> None:
    judge_ = Judge(watched_by(street, rule)).hear(film(street, shots))
    opened = [finding for finding in judge_.findings if finding.state == "opened"]
    for finding in opened:
        minimum = judge_.watched[finding.rule_id].rule.condition.minimum_us
        assert finding.evidence.at - finding.window_start >= minimum
    assert len({finding.alert_id for finding in opened}) == len(opened)
