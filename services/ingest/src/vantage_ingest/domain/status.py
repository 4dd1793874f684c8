"""A camera's status as the control room sees it, and when it is worth saying again."""

from dataclasses import dataclass, field, replace
from typing import Literal

from vantage.contracts import CameraStatus
from vantage.contracts.status import CameraState, Shed


@dataclass(frozen=True)
class Condition:
    """How a camera is. `since_us` is when state and cause began (UTC microseconds); the rest are figures that are
    published with the next status and are no change by themselves.
    """

    camera_id: str
    state: CameraState
    since_us: int
    cause: str = ""
    remedy: str = ""
    clock_offset_us: int | None = None
    clock_quality: Literal["ntp", "estimated", "none"] | None = None
    clock_uncertainty_us: int | None = None
    epoch: int = 0
    reconnects: int = 0
    reader: Literal["native", "ffmpeg", "masking"] | None = None
    lost_packets: int = 0
    shed: Shed = field(default_factory=Shed)

    def changed(self, state: CameraState, cause: str, remedy: str, now_us: int) -> "Condition":
        """The condition with this state and cause; itself where they are the same."""
        if (state, cause, remedy) == (self.state, self.cause, self.remedy):
            return self
        return replace(self, state=state, cause=cause, remedy=remedy, since_us=now_us)

    def message(self, now_us: int) -> CameraStatus:
        """The message of this moment."""
        return CameraStatus(
            camera_id=self.camera_id,
            state=self.state,
            since=self.since_us,
            observed_at=now_us,
            source="ingest",
            cause=self.cause,
            remedy=self.remedy,
            clock_offset_us=self.clock_offset_us,
            clock_quality=self.clock_quality,
            clock_uncertainty_us=self.clock_uncertainty_us,
            epoch=self.epoch,
            reconnects=self.reconnects,
            reader=self.reader,
            lost_packets=self.lost_packets,
            shed=self.shed,
        )
