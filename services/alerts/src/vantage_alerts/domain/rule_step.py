"""One frame's effect on one rule at one camera. Pure; its only clock is the frames' capture time.

Closed: nothing or a time in which the condition is met -> opened after `minimum_us` without a break, and not before the
cool-down is over. Open: `changed` when more are counted than ever -> closed when the condition was not met for
`clear_us`.
"""

from msgspec.structs import replace

from vantage.contracts import Finding, Rule
from vantage.contracts.finding import Evidence
from vantage.contracts.rule import CrowdCount
from vantage.ids import alert_id, finding_id
from vantage_alerts.domain.frame_count import FrameCount
from vantage_alerts.domain.state import OpenAlert, RuleState

BREAK_US = 2_000_000
"""Frames further apart than this leave unknown what was between: the minimum time then begins anew."""

Step = tuple[RuleState, tuple[Finding, ...]]


def step(state: RuleState, frame: FrameCount, rule: Rule, camera_id: str) -> Step:
    """The state after a frame that is later than all before, and what is found in it, in order."""
    if state.open is None:
        return _while_shut(state, frame, rule, camera_id)
    return _while_open(state, state.open, frame, rule, camera_id)


def close(state: RuleState, evidence: Evidence | None = None, *, cool_down_us: int = 0) -> Step:
    """End what is open, on the last evidence where no frame ended it; nothing where nothing is open."""
    if state.open is None:
        return state, ()
    evidence = evidence or state.open.last.evidence
    closed = _next(state.open.last, "closed", evidence)
    return RuleState(state.version, quiet_until=evidence.at + cool_down_us), (closed,)


def _while_shut(state: RuleState, frame: FrameCount, rule: Rule, camera_id: str) -> Step:
    at = frame.at
    if not frame.holds:
        return (state if state.since is None else replace(state, since=None, latest=0)), ()
    unbroken = state.since is not None and at - state.latest <= BREAK_US
    since = state.since if unbroken and state.since is not None else at
    if at - since < rule.condition.minimum_us or at < state.quiet_until:
        return replace(state, since=since, latest=at), ()
    opened = _opened(rule, camera_id, since, frame)
    return RuleState(state.version, open=OpenAlert(opened)), (opened,)


def _while_open(state: RuleState, alert: OpenAlert, frame: FrameCount, rule: Rule, camera_id: str) -> Step:
    clear_since = alert.clear_since
    if clear_since is None and not frame.holds:
        clear_since = frame.at
    if clear_since is not None and frame.at - clear_since >= rule.clear_us:
        shut, closed = close(state, frame.evidence(), cool_down_us=rule.cool_down_us)
        shut, found = _while_shut(shut, frame, rule, camera_id)
        return shut, closed + found
    if not frame.holds:
        return replace(state, open=replace(alert, clear_since=clear_since)), ()
    if frame.count <= alert.last.peak:
        return (state if alert.clear_since is None else replace(state, open=replace(alert, clear_since=None))), ()
    changed = _next(alert.last, "changed", frame.evidence(), peak=frame.count)
    return replace(state, open=OpenAlert(changed)), (changed,)


def _opened(rule: Rule, camera_id: str, since: int, frame: FrameCount) -> Finding:
    alert = alert_id(rule.rule_id, rule.version, camera_id, since)
    return Finding(
        finding_id=finding_id(alert, 1),
        alert_id=alert,
        step=1,
        state="opened",
        rule_id=rule.rule_id,
        rule_version=rule.version,
        rule_type="crowd-count" if isinstance(rule.condition, CrowdCount) else "intrusion",
        camera_id=camera_id,
        zone_id=rule.condition.zone_id,
        severity=rule.severity,
        title=rule.name,
        window_start=since,
        evidence=frame.evidence(),
        peak=frame.count,
    )


def _next(last: Finding, state: str, evidence: Evidence, peak: int | None = None) -> Finding:
    number = last.step + 1
    return replace(
        last,
        finding_id=finding_id(last.alert_id, number),
        step=number,
        state=state,
        evidence=evidence,
        peak=last.peak if peak is None else peak,
    )
