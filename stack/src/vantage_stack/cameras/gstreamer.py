"""Cameras of another make: GStreamer's RTSP server, which packs, reports and asks for passwords in its own way.

It comes with the system, not in a wheel, so it is no part of every stack; `missing` says what to install.
"""

import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from vantage_stack.cameras.clip import street_clip
from vantage_stack.errors import PartFailed
from vantage_stack.fetch import Step
from vantage_stack.part import Site
from vantage_stack.ports import HOST, listens
from vantage_stack.process import ManagedProcess

PYTHON = "/usr/bin/python3"
"""The system's, which alone has GStreamer's bindings."""

PACKAGES = (
    "python3-gi",
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-ugly",
)
"""Debian's packages that have all of it."""

GStreamerPath = Literal["h264", "h264-sets-announced-only", "h264-aggregated", "h265", "clip"]
"""The paths: a moving ball with a keyframe a second; the same in two slices a picture and its parameter sets in the
description alone, or with small NAL units gathered in one packet; the same in H.265; the street crossing once, after
which the stream ends.
"""

_SCRIPT = Path(__file__).with_name("gstreamer_server.py")
_READY_S = 30.0
_NEEDED = ("x264enc", "x265enc", "h265parse", "rtph265pay", "qtdemux")
_LOOK = f"""
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
missing = [name for name in {_NEEDED!r} if Gst.ElementFactory.find(name) is None]
raise SystemExit(f"without {{', '.join(missing)}}" if missing else 0)
"""


@cache
def missing() -> str | None:
    """What to do where GStreamer's server cannot run here; None where it can."""
    try:
        looked = subprocess.run([PYTHON, "-c", _LOOK], capture_output=True, check=False)
    except OSError as error:
        return f"needs {PYTHON} ({error.strerror}) and the packages {' '.join(PACKAGES)}"
    return f"needs the packages {' '.join(PACKAGES)}" if looked.returncode else None


class GStreamerCameras:
    """One server with a path of each kind, over TCP and UDP, that asks for a digest of the password."""

    name = "gstreamer-cameras"
    steps: Sequence[Step] = (Step("camera clip", street_clip),)

    def __init__(self, site: Site) -> None:
        self._site = site
        self._port = site.ports.free()
        self._password = secrets.token_urlsafe(18)
        self._server: ManagedProcess | None = None

    @property
    def credential(self) -> str:
        """`user:password` of every path."""
        return f"camera:{self._password}"

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The server, once it was started."""
        return [self._server] if self._server else []

    def url(self, path: GStreamerPath) -> str:
        """Where a path is; without the password."""
        return f"rtsp://{HOST}:{self._port}/{path}"

    def environment(self) -> Mapping[str, str]:
        """Nothing: a service learns of a camera from `cameras.v1`."""
        return {}

    def start(self) -> None:
        """Start the server and wait until it listens. Raises PartFailed."""
        if lacking := missing():
            msg = f"GStreamer's cameras cannot run: {lacking}"
            raise PartFailed(msg)
        self._server = ManagedProcess(
            self.name,
            [PYTHON, _SCRIPT, str(self._port), street_clip(self._site.cache, lambda _: None)],
            log=self._site.log,
            environment=os.environ | {"VIRTUAL_CAMERAS_CREDENTIAL": self.credential},
        )
        self._server.start()
        self._server.wait_ready(lambda: listens(self._port), _READY_S)

    def stop(self) -> None:
        """Stop the server: every connection ends."""
        if self._server:
            self._server.stop()
