"""All rules of one camera: which frames are judged, by which rules, and what ends when a rule or the camera changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from vantage.contracts import Camera, Detections, Finding, Rule
from vantage.contracts.detection import FrameObjects
from vantage_alerts.domain.frame_count import count_frame
from vantage_alerts.domain.rule_step import close, step
from vantage_alerts.domain.state import CameraState, RuleState
from vantage_alerts.domain.zone import Zone

AHEAD_US = 10_000_000
"""A frame further ahead of the time its message was written than this has a wrong clock. Were it judged, every right
frame after it would be late.
"""


@dataclass(frozen=True)
class Watch:
    """A rule that is to be judged at a camera, with its zone as a polygon (None: the whole picture)."""

    rule: Rule
    zone: Zone | None


@dataclass(frozen=True)
class Judged:
    """What came of a message: the new state, the findings in order, and frames not judged, by reason."""

    state: CameraState
    findings: tuple[Finding, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)


def watches(camera: Camera | None, rules: Iterable[Rule]) -> dict[str, Watch]:
    """The rules that are judged at a camera, in the order of their ids. None where it is unknown or not recording.

    A rule whose zone the camera does not have is not judged there: with `cameras: ["*"]` that is no fault.
    """
    if camera is None or camera.state != "recording":
        return {}
    zones = {zone.zone_id: Zone.of(zone.polygon) for zone in camera.zones}
    found = {}
    for rule in sorted(rules, key=lambda rule: rule.rule_id):
        zone_id = rule.condition.zone_id
        wanted = rule.enabled and ("*" in rule.cameras or camera.camera_id in rule.cameras)
        if wanted and (zone_id is None or zone_id in zones):
            found[rule.rule_id] = Watch(rule, zones[zone_id] if zone_id is not None else None)
    return found


def judge(state: CameraState, message: Detections, watched: Mapping[str, Watch], now: int) -> Judged:
    """Judge a message's frames. `now` is when the message was written (UTC microseconds), so a replay has the same.

    What was seen before is not judged again: a duplicate, a late fragment, or one of an ownership that is over.
    """
    if message.epoch < state.epoch:
        return Judged(state, skipped={"old-epoch": len(message.frames)})
    settled = settle(replace(state, epoch=message.epoch), watched)
    frames, skipped = _fresh(message.frames, state.seen, now)
    state, findings = settled.state, list(settled.findings)
    for frame in frames:
        state, found = _judge_frame(state, frame, message, watched)
        findings += found
    return Judged(state, tuple(findings), skipped)


def settle(state: CameraState, watched: Mapping[str, Watch]) -> Judged:
    """End what is open under a rule or a rule's version that is no longer watched, and forget those rules."""
    rules: dict[str, RuleState] = {}
    findings: list[Finding] = []
    for rule_id, old in state.rules.items():
        watch = watched.get(rule_id)
        if watch is not None and watch.rule.version == old.version:
            rules[rule_id] = old
        else:
            findings += close(old)[1]
    return Judged(replace(state, rules=rules), tuple(findings))


def _judge_frame(
    state: CameraState, frame: FrameObjects, message: Detections, watched: Mapping[str, Watch]
) -> tuple[CameraState, list[Finding]]:
    rules, findings = dict(state.rules), list[Finding]()
    for rule_id, watch in watched.items():
        counted = count_frame(frame, message.fragment_id, watch.rule.condition, watch.zone)
        old = rules.get(rule_id)
        if old is None and not counted.holds:
            continue
        old = old or RuleState(watch.rule.version)
        rules[rule_id], found = step(old, counted, watch.rule, message.camera_id)
        findings += found
    return replace(state, seen=frame.at, rules=rules), findings


def _fresh(frames: Sequence[FrameObjects], seen: int, now: int) -> tuple[list[FrameObjects], dict[str, int]]:
    """The frames to judge in the order of capture, and how many are not, by reason."""
    found, late, ahead = [], 0, 0
    for frame in sorted(frames, key=lambda frame: frame.at):
        if frame.at <= seen:
            late += 1
        elif frame.at > now + AHEAD_US:
            ahead += 1
        else:
            seen = frame.at
            found.append(frame)
    return found, {reason: count for reason, count in (("late", late), ("ahead", ahead)) if count}
