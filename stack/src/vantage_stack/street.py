"""The scheme of the street crossing: the virtual cameras' camera and rules files, as an authority would write them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.service import CREDENTIAL

_LATITUDE, _LONGITUDE = 22.2831, 114.1556
_APART = 0.0004
_LABELS = ["person", "bicycle"]

Corners = list[list[float]]

ZONES: Mapping[str, Corners] = {
    "crossing": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "kerb": [[0.4, 0], [1, 0], [1, 1], [0.4, 1]],
}
"""Zones of the picture by their id: corners as fractions of width and height."""


@dataclass(frozen=True)
class Intrusion:
    """A rule for every camera: somebody is in a zone."""

    rule_id: str
    zone: str
    labels: Sequence[str] = tuple(_LABELS)
    lasting: str = "200ms"

    def entry(self) -> dict[str, Any]:
        """The rule as the rules file has it."""
        return {
            "id": self.rule_id,
            "name": f"Somebody is on the {self.zone} ({', '.join(self.labels)})",
            "cameras": ["*"],
            "when": {
                "type": "intrusion",
                "zone": self.zone,
                "labels": list(self.labels),
                "lasting": self.lasting,
                "score": 0.5,
            },
            "severity": "severe",
            "clear_after": "1s",
        }


@dataclass(frozen=True)
class Crowd:
    """A rule for every camera: so many people at once."""

    rule_id: str
    threshold: int

    def entry(self) -> dict[str, Any]:
        """The rule as the rules file has it."""
        return {
            "id": self.rule_id,
            "name": f"{self.threshold} people or more at once",
            "cameras": ["*"],
            "when": {"type": "crowd-count", "threshold": self.threshold, "labels": ["person"], "lasting": "400ms"},
            "severity": "moderate",
            "clear_after": "2s",
        }


RULES = (Intrusion("crossing-closed", "crossing"), Crowd("crowd", 2))


def camera_name(number: int) -> str:
    """The name of virtual camera `number` in its cell."""
    return f"crossing-{number}"


def camera_entry(cameras: VirtualCameras, number: int) -> dict[str, Any]:
    """Virtual camera `number` as the camera file has it, its papers in order."""
    return {
        "id": camera_name(number),
        "name": f"Street crossing, camera {number}",
        "source": {"url": cameras.url(number), "credential": CREDENTIAL},
        "place": {
            "latitude": _LATITUDE + _APART * number,
            "longitude": _LONGITUDE,
            "district": "central-and-western",
        },
        "papers": {
            "authority": {"reference": "DEMO-1", "expires_at": "2099-12-31T18:00:00+08:00"},
            "notice_posted": True,
            "privacy_assessment": "DEMO-1",
        },
        "zones": [{"id": zone, "polygon": corners} for zone, corners in ZONES.items()],
        "analysis": {"detections_per_second": 5.0},
    }


def write_scheme(
    folder: Path, cameras: VirtualCameras, count: int, rules: Sequence[Intrusion | Crowd] = RULES
) -> tuple[Path, Path]:
    """Write the camera and rules files of virtual cameras 1 to `count`; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    cameras_file, rules_file = folder / "cameras.yaml", folder / "rules.yaml"
    entries = [camera_entry(cameras, number) for number in range(1, count + 1)]
    cameras_file.write_text(yaml.safe_dump({"cameras": entries}, sort_keys=False))
    rules_file.write_text(yaml.safe_dump({"rules": [rule.entry() for rule in rules]}, sort_keys=False))
    return cameras_file, rules_file
