"""The part of the stack: n cameras at one RTSP server, and the means to make them fail."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from vantage_stack.cameras.clip import street_clip
from vantage_stack.cameras.program import program
from vantage_stack.errors import PartFailed
from vantage_stack.fetch import Step
from vantage_stack.part import Site
from vantage_stack.ports import HOST
from vantage_stack.process import ManagedProcess

Op = Literal["stall", "resume", "drop", "off", "on", "hang", "unhang", "loss", "skew"]
"""What can be done to a camera; `server/control.go` says what each does. `loss` takes 1/1000, `skew` milliseconds."""

USER = "camera"
_READY_S = 20.0
_PLENTY_S = 10.0


@dataclass(frozen=True)
class CameraStats:
    """How many read a camera now, and how many frames it has sent, or would have, were there a reader."""

    readers: int
    frames: int


class VirtualCameras:
    """Cameras 1 to `count`, each with a clip of `clips` in turn, or the street crossing where none is given."""

    name = "cameras"
    steps: Sequence[Step] = (Step("virtual cameras", program), Step("camera clip", street_clip))

    def __init__(self, site: Site, count: int = 4, clips: Sequence[Path] = ()) -> None:
        self._site = site
        self._count = count
        self._clips = clips
        self._password = secrets.token_urlsafe(18)
        self._rtsp = f"{HOST}:{site.ports.free()}"
        self._control = f"{HOST}:{site.ports.free()}"
        self._server: ManagedProcess | None = None

    @property
    def credential(self) -> str:
        """`user:password` of every camera."""
        return f"{USER}:{self._password}"

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The server, once it was started."""
        return [self._server] if self._server else []

    def url(self, number: int) -> str:
        """Where camera `number` is, counted from 1; without the password."""
        return self.path_url(_path(number))

    def path_url(self, path: str) -> str:
        """Another path of the server: `other/audio` and `other/mjpeg` serve what no recorder of H.264/5 can use."""
        return f"rtsp://{self._rtsp}/{path}"

    def environment(self) -> Mapping[str, str]:
        """Nothing: a service learns of a camera from `cameras.v1`."""
        return {}

    def start(self) -> None:
        """Start the server and wait until every camera is on the air."""
        clips = self._clips or [street_clip(self._site.cache, lambda _: None)]
        self._server = ManagedProcess(
            self.name,
            [program(self._site.cache, lambda _: None), *self._flags(), *clips],
            log=self._site.log,
            environment=os.environ | {"VIRTUAL_CAMERAS_CREDENTIAL": self.credential},
        )
        self._server.start()
        self._server.wait_ready(self._answers, _READY_S)

    def stop(self) -> None:
        """Stop the server: every connection ends."""
        if self._server:
            self._server.stop()

    def control(self, number: int | None, op: Op, value: int = 0) -> None:
        """Do `op` to camera `number`, or to all where that is None. Raises PartFailed."""
        path = "*" if number is None else _path(number)
        answer = self._ask("POST", "/control", {"camera": path, "op": op, "value": str(value)})
        if answer.is_error:
            msg = f"{op} of camera {path}: {answer.text.strip()}"
            raise PartFailed(msg)

    def stats(self) -> dict[str, CameraStats]:
        """Each path's counters: `cam/0001` and so on, and the `other/` paths."""
        answer = self._ask("GET", "/stats", {})
        return {path: CameraStats(**figures) for path, figures in answer.json().items()}

    def _flags(self) -> list[str]:
        return ["-rtsp", self._rtsp, "-control", self._control, "-n", str(self._count)]

    def _ask(self, method: str, path: str, query: Mapping[str, str]) -> httpx.Response:
        try:
            address = f"http://{self._control}{path}"
            return httpx.request(method, address, params=query, timeout=_PLENTY_S, trust_env=False)
        except httpx.TransportError as error:
            msg = f"the virtual cameras do not answer ({error}): have they been started?"
            raise PartFailed(msg) from error

    def _answers(self) -> bool:
        try:
            return bool(self.stats())
        except PartFailed:
            return False


def _path(number: int) -> str:
    return f"cam/{number:04d}"
