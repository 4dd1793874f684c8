"""A street with a zone, rules for it, and detectors' messages about it, all in few words."""

from collections.abc import Sequence
from typing import Literal

import pytest

from vantage.contracts import Camera, Detections, Rule
from vantage.contracts.base import Clock, Place
from vantage.contracts.camera import Authority, Source, Zone
from vantage.contracts.detection import FrameObjects, Seen
from vantage.contracts.rule import CrowdCount, Intrusion
from vantage.ids import fragment_id

SECOND = 1_000_000
START = 1_790_000_000_000_000
CAMERA_ID = "hk1.steps-1"
LOWER_HALF = [(0, 32768), (65535, 32768), (65535, 65535), (0, 65535)]


class Street:
    """Makes what a test needs. Times are whole or broken seconds after START."""

    camera_id = CAMERA_ID
    second = SECOND

    def at(self, seconds: float) -> int:
        return START + round(seconds * SECOND)

    def camera(
        self,
        state: Literal["recording", "paused", "retired"] = "recording",
        revision: int = 1,
        zones: Sequence[str] = ("steps",),
    ) -> Camera:
        return Camera(
            camera_id=CAMERA_ID,
            cell_id="hk1",
            revision=revision,
            state=state,
            name="The steps",
            source=Source(url="rtsp://10.0.0.1/main"),
            place=Place(latitude=22.28, longitude=114.15),
            authority=Authority(reference="A-1", expires_at=START * 2),
            zones=[Zone(zone_id=zone, name=zone, polygon=LOWER_HALF) for zone in zones],
            changed_at=START,
        )

    def intrusion(
        self,
        *,
        version: int = 1,
        minimum: float = 0,
        clear: float = 2,
        cool_down: float = 0,
        enabled: bool = True,
        cameras: Sequence[str] = ("*",),
    ) -> Rule:
        return Rule(
            rule_id="steps-closed",
            version=version,
            name="The steps are closed",
            enabled=enabled,
            cameras=list(cameras),
            condition=Intrusion(zone_id="steps", labels=["person"], minimum_us=round(minimum * SECOND)),
            severity="severe",
            clear_us=round(clear * SECOND),
            cool_down_us=round(cool_down * SECOND),
            changed_at=START,
        )

    def crowd(self, threshold: int, *, zone: str | None = None, minimum: float = 0, clear: float = 2) -> Rule:
        return Rule(
            rule_id="crowd",
            version=1,
            name="Many people",
            cameras=["*"],
            condition=CrowdCount(
                threshold=threshold, zone_id=zone, labels=["person"], minimum_us=round(minimum * SECOND)
            ),
            clear_us=round(clear * SECOND),
            changed_at=START,
        )

    def person(self, *, inside: bool = True, score: int = 200, track: int | None = None, label: str = "person") -> Seen:
        bottom = 50000 if inside else 20000
        return Seen(label, score, 30000, bottom - 15000, 34000, bottom, track)

    def frame(self, seconds: float, people: int = 0, *others: Seen) -> FrameObjects:
        inside = [self.person(track=number + 1) for number in range(people)]
        return FrameObjects(self.at(seconds), [*inside, *others])

    def message(self, *frames: FrameObjects, epoch: int = 1, run_id: str | None = None) -> Detections:
        start = min((frame.at for frame in frames), default=START)
        return Detections(
            camera_id=CAMERA_ID,
            fragment_id=fragment_id(CAMERA_ID, epoch, start),
            epoch=epoch,
            start=start,
            duration=SECOND,
            clock=Clock(quality="ntp"),
            detector="nanodet",
            version="1.0.0",
            model_digest="0" * 64,
            frames=list(frames),
            run_id=run_id,
        )


@pytest.fixture(scope="session")
def street() -> Street:
    """The builders; they hold nothing, so that properties may share them."""
    return Street()
