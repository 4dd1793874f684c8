"""The part of the stack: n cameras at one RTSP server, and the means to make them fail."""

import hashlib
import os
import secrets
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from vantage_stack.cameras.clip import street_clip, sub_clip
from vantage_stack.cameras.control import CameraStats, Control, Op, SentPicture
from vantage_stack.cameras.program import program
from vantage_stack.errors import PartFailed
from vantage_stack.fetch import Step
from vantage_stack.part import Site
from vantage_stack.ports import HOST
from vantage_stack.process import ManagedProcess

USER = "camera"
_READY_S = 60.0


class VirtualCameras:
    """Cameras 1 to `count`, each with a clip of `clips` in turn, or the street crossing where none is given.

    Each has a second, smaller stream by the same clock (`sub_url`), and is served over TLS as well (`secure_url`), with
    a certificate that it signed itself. `basic` asks for the password readable on the wire, as old cameras do.
    """

    name = "cameras"
    steps: Sequence[Step] = (
        Step("virtual cameras", program),
        Step("camera clip", street_clip),
        Step("camera clip, small", sub_clip),
    )

    def __init__(self, site: Site, count: int = 4, clips: Sequence[Path] = (), *, basic: bool = False) -> None:
        self._site = site
        self._count = count
        self._clips = clips
        self._basic = basic
        self._password = secrets.token_urlsafe(18)
        self._rtsp = f"{HOST}:{site.ports.free()}"
        self._rtsps = f"{HOST}:{site.ports.free()}"
        self._address = f"{HOST}:{site.ports.free()}"
        self._control = Control(self._address)
        self._server: ManagedProcess | None = None

    @property
    def credential(self) -> str:
        """`user:password` of every camera."""
        return f"{USER}:{self._password}"

    @property
    def certificate_pem(self) -> Path:
        """The file with the certificate of the `rtsps` addresses, once they were started; kept over a restart."""
        return self._site.folder / "certificate.pem"

    @property
    def certificate_sha256(self) -> str:
        """The SHA-256 of that certificate (DER), in hex, as `Source.certificate` has it."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate_pem.read_text())).hexdigest()

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The server, once it was started."""
        return [self._server] if self._server else []

    def url(self, number: int) -> str:
        """Where camera `number` is, counted from 1; without the password."""
        return self.path_url(_path(number))

    def sub_url(self, number: int) -> str:
        """Its second stream."""
        return self.path_url(sub_path(number))

    def secure_url(self, number: int) -> str:
        """The same camera over TLS."""
        return f"rtsps://{self._rtsps}/{_path(number)}"

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

    def control(self, camera: int | str | None, op: Op, value: int = 0) -> None:
        """Do `op` to a camera's main stream, to the stream of a path, or to all streams where that is None. Raises
        PartFailed.
        """
        self._control.do("*" if camera is None else _path(camera), op, value)

    def change_password(self) -> str:
        """Ask new sessions for another password, while those that play go on; the new credential."""
        self._password = secrets.token_urlsafe(18)
        self._control.change_credential(self.credential)
        return self.credential

    def stats(self) -> dict[str, CameraStats]:
        """Each path's counters: `cam/0001`, `cam/0001/sub` and so on, and the `other/` paths."""
        return self._control.stats()

    def sent(self, camera: int | str, last: int = 3000) -> list[SentPicture]:
        """The last pictures that were sent to a reader, the oldest first: what arrives can be held against it."""
        return self._control.sent(_path(camera), last)

    def _flags(self) -> list[str | Path]:
        return [
            *("-rtsp", self._rtsp, "-rtsps", self._rtsps, "-control", self._address, "-n", str(self._count)),
            *("-folder", self._site.folder, "-sub", sub_clip(self._site.cache, lambda _: None)),
            *(["-basic"] if self._basic else []),
        ]

    def _answers(self) -> bool:
        try:
            return bool(self.stats())
        except PartFailed:
            return False


def sub_path(number: int) -> str:
    """The path of a camera's second stream."""
    return f"{_path(number)}/sub"


def _path(camera: int | str) -> str:
    return camera if isinstance(camera, str) else f"cam/{camera:04d}"
