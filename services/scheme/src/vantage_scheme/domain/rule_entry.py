"""A rule as its people write it in the rules file, and the contract it becomes."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Annotated, Literal

from pydantic import Field

from vantage.contracts.base import CELL, NAME, Severity
from vantage.contracts.rule import CrowdCount, Intrusion, Rule
from vantage_scheme.domain.camera_entry import Entry, Name
from vantage_scheme.domain.units import Duration, Fraction

EVERY = "*"
Label = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,31}$")]
Labels = Annotated[list[Label], Field(min_length=1)]
CameraName = Annotated[str, Field(pattern=rf"^(\*|({CELL}\.)?{NAME})$")]


class IntrusionEntry(Entry):
    """An object of one of the labels stands in the zone for as long as `lasting`."""

    type: Literal["intrusion"]
    zone: Name
    labels: Labels
    lasting: Duration = 0
    score: Fraction = 0.5

    def condition(self) -> Intrusion:
        """The contract."""
        return Intrusion(zone_id=self.zone, labels=list(self.labels), minimum_us=self.lasting, score=_score(self.score))


class CrowdCountEntry(Entry):
    """At least `threshold` objects at once in the zone, or in the whole picture, for as long as `lasting`."""

    type: Literal["crowd-count"]
    threshold: Annotated[int, Field(ge=1, le=1000)]
    zone: Name | None = None
    labels: Labels
    lasting: Duration = 0
    score: Fraction = 0.5

    def condition(self) -> CrowdCount:
        """The contract."""
        return CrowdCount(
            threshold=self.threshold,
            zone_id=self.zone,
            labels=list(self.labels),
            minimum_us=self.lasting,
            score=_score(self.score),
        )


class RuleEntry(Entry):
    """One rule of the file."""

    id: Name
    name: Annotated[str, Field(min_length=1, max_length=500)]
    enabled: bool = True
    cameras: Annotated[list[CameraName], Field(min_length=1)]
    when: Annotated[IntrusionEntry | CrowdCountEntry, Field(discriminator="type")]
    severity: Severity = "moderate"
    clear_after: Duration = 2_000_000
    cool_down: Duration = 0

    def camera_ids(self, cell_id: str) -> list[str]:
        """The cameras it names, each with its cell; `*` stays."""
        return [name if name == EVERY or "." in name else f"{cell_id}.{name}" for name in self.cameras]

    def rule(self, cell_id: str) -> Rule:
        """The contract, as a first version of no date: the plan numbers and dates it."""
        return Rule(
            rule_id=self.id,
            version=1,
            changed_at=0,
            name=self.name,
            enabled=self.enabled,
            cameras=self.camera_ids(cell_id),
            condition=self.when.condition(),
            severity=self.severity,
            clear_us=self.clear_after,
            cool_down_us=self.cool_down,
        )


def misplaced(entry: RuleEntry, cell_id: str, zones: Mapping[str, AbstractSet[str]]) -> str | None:
    """Why the rule cannot hold on the cameras it names, or None. `zones` has the zones of each camera there is."""
    named = entry.camera_ids(cell_id)
    for camera_id in named:
        if camera_id != EVERY and camera_id not in zones:
            return f"names camera {camera_id!r}, which is not in the camera file or has an error there"
        if camera_id != EVERY and entry.when.zone and entry.when.zone not in zones[camera_id]:
            return f"names zone {entry.when.zone!r}, which camera {camera_id!r} does not have"
    if EVERY in named and entry.when.zone and not any(entry.when.zone in known for known in zones.values()):
        return f"names zone {entry.when.zone!r}, which no camera has"
    return None


def _score(fraction: float) -> int:
    return round(fraction * 255)
