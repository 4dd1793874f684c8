"""A recording as a browser plays it: the page counts and sends back what it saw."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

PATIENCE_S = 120.0
_PAGE = b"""<!doctype html><video muted></video><script>
const video = document.querySelector("video");
const times = [];
const tell = (error) => fetch("/seen", {method: "POST", body: JSON.stringify({
  error, frames: video.getVideoPlaybackQuality().totalVideoFrames, shown: times, seconds: video.duration,
  width: video.videoWidth, height: video.videoHeight})});
const note = (_, frame) => { times.push(frame.mediaTime); video.requestVideoFrameCallback(note); };
video.requestVideoFrameCallback(note);
video.onended = () => tell("");
video.onerror = () => tell(video.error.message || "error " + video.error.code);
video.src = "/recording.mp4";
video.play().catch((error) => tell(String(error)));
</script>"""


class Seen(msgspec.Struct):
    """What the page says: an error or none, the frames that were decoded, when those that it showed are in the video
    (seconds), how long the video is, and its size in pixels.
    """

    error: str
    frames: int
    shown: list[float]
    seconds: float | None
    width: int
    height: int


def played(chromium: str, recording: bytes, folder: Path) -> Seen:
    """Play it to its end; raises queue.Empty where the browser says nothing."""
    with _served(recording) as (address, said):
        command = [
            *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio"),
            *("--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", f"--user-data-dir={folder / 'browser'}", address),
        ]
        with (folder / "browser.log").open("w") as log:
            browser = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                return msgspec.convert(said.get(timeout=PATIENCE_S), Seen)
            finally:
                browser.terminate()
                browser.wait()


@contextmanager
def _served(recording: bytes) -> Iterator[tuple[str, "queue.Queue[object]"]]:
    said: queue.Queue[object] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = self.path == "/"
            self._answer("text/html" if page else "video/mp4", _PAGE if page else recording)

        def do_POST(self) -> None:
            said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer("text/plain", b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", said
    finally:
        server.shutdown()
        server.server_close()
