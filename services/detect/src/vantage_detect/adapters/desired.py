"""What the scheme wants of each camera, as far as it is detect's concern: how often to look, and at which stream."""

from typing import Protocol

from vantage.contracts import Camera
from vantage.contracts.base import StreamName


class Cameras(Protocol):
    """The published state of the cameras: `vantage.table.Table` over cameras.v1."""

    def get(self, key: str) -> Camera | None:
        """The camera's last message, None where there is none."""
        ...


class DesiredRates:
    """Looks a second for each camera. A camera that is not in the table yet is looked at like any other."""

    def __init__(self, cameras: Cameras, default: float) -> None:
        self._cameras = cameras
        self._default = default

    def rate(self, camera_id: str) -> float:
        """Looks a second; 0 where the camera is not to be looked at: switched off, paused or retired."""
        camera = self._cameras.get(camera_id)
        if camera is None:
            return self._default
        return camera.analysis.detections_per_second if camera.state == "recording" else 0.0

    def stream(self, camera_id: str) -> StreamName:
        """The stream to look at: the smaller one where the camera has it, because it is cheaper to decode."""
        camera = self._cameras.get(camera_id)
        return "sub" if camera is not None and camera.source.sub_url else "main"
