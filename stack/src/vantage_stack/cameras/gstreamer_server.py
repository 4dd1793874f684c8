"""GStreamer's RTSP server with some paths. Run by the system's Python, which has GStreamer's bindings; imports nothing
of ours.

    gstreamer_server.py PORT CLIP, with user:password in VIRTUAL_CAMERAS_CREDENTIAL
"""

import os
import sys

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

ROLE = "viewer"
_TEST = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 ! "
_SLICES = _TEST + "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 threads=2 ! "
# one slice: the payloader puts the sets before each slice of a keyframe, where they do not belong
_H264 = _SLICES.replace("threads=2", "threads=1")
_H265 = _TEST + "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
_PAY = "name=pay0 pt=96"


def pipelines(clip: str) -> dict[str, str]:
    """What each path serves. A path ends in pay0, as GStreamer's server wants it."""
    return {
        "/h264": f"{_H264}h264parse ! rtph264pay config-interval=-1 {_PAY}",
        "/h264-sets-announced-only": f"{_SLICES}h264parse ! rtph264pay config-interval=0 {_PAY}",
        "/h264-aggregated": f"{_H264}h264parse ! rtph264pay config-interval=-1 aggregate-mode=max-stap {_PAY}",
        "/h265": f"{_H265}h265parse ! rtph265pay config-interval=-1 {_PAY}",
        "/clip": f'filesrc location="{clip}" ! qtdemux ! h264parse ! rtph264pay config-interval=-1 {_PAY}',
    }


def protected(user: str, password: str) -> GstRtspServer.RTSPAuth:
    """Digest authentication for the role that may see the paths."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(user, password, token)
    return auth


def factory(pipeline: str, *, shared: bool) -> GstRtspServer.RTSPMediaFactory:
    """One path, for that role alone."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {pipeline} )")
    made.set_shared(shared)
    rights = f"{ROLE}, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
    made.add_role_from_structure(Gst.Structure.new_from_string(rights))
    return made


def main(port: str, clip: str) -> None:
    """Serve until it is ended."""
    Gst.init(None)
    user, _, password = os.environ["VIRTUAL_CAMERAS_CREDENTIAL"].partition(":")
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.set_auth(protected(user, password))
    for path, pipeline in pipelines(clip).items():
        server.get_mount_points().add_factory(path, factory(pipeline, shared=path != "/clip"))
    if not server.attach(None):
        sys.exit(f"nobody can listen on 127.0.0.1:{port}: free the port or choose another")
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
