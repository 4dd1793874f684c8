"""What a rule counts in one frame."""

from dataclasses import dataclass

from vantage.contracts.detection import FrameObjects, Seen
from vantage.contracts.finding import Evidence
from vantage.contracts.rule import CrowdCount, Intrusion
from vantage_alerts.domain.zone import Zone, foot

MOST_TRACKS = 64
"""So many track numbers are named at most: a finding stays small in a crowd."""


@dataclass(frozen=True)
class FrameCount:
    """The objects of one frame that count for one rule. `holds`: the rule's condition is met in this frame."""

    at: int
    fragment_id: str
    counted: tuple[Seen, ...]
    holds: bool

    @property
    def count(self) -> int:
        """How many count."""
        return len(self.counted)

    def evidence(self) -> Evidence:
        """What a finding says of this frame; the box is the smallest that holds all that were counted."""
        tracks = sorted({seen.track for seen in self.counted if seen.track is not None})
        return Evidence(
            at=self.at,
            fragment_id=self.fragment_id,
            count=self.count,
            tracks=tracks[:MOST_TRACKS],
            box=self._hull(),
        )

    def _hull(self) -> tuple[int, int, int, int] | None:
        if not self.counted:
            return None
        return (
            min(seen.x0 for seen in self.counted),
            min(seen.y0 for seen in self.counted),
            max(seen.x1 for seen in self.counted),
            max(seen.y1 for seen in self.counted),
        )


def count_frame(
    frame: FrameObjects, fragment_id: str, condition: Intrusion | CrowdCount, zone: Zone | None
) -> FrameCount:
    """Count a frame's objects for a condition; without a zone the whole picture counts."""
    counted = tuple(
        seen
        for seen in frame.objects
        if seen.score >= condition.score and seen.label in condition.labels and (zone is None or zone.holds(foot(seen)))
    )
    least = condition.threshold if isinstance(condition, CrowdCount) else 1
    return FrameCount(frame.at, fragment_id, counted, len(counted) >= least)
