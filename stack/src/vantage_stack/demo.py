"""The demo: what a control room sees in its first minutes, on real parts.

It tells how far it is, prints the first alert as it came on the stream, plays live video and a recording as a player
would, and then goes on printing alerts; with `once` it ends there.
"""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vantage.client import StreamedAlert, View
from vantage.clock import SystemClock
from vantage.contracts import encode
from vantage.errors import VantageError
from vantage_stack.control_room import Subscriber, gateway_of
from vantage_stack.errors import DemoFailed
from vantage_stack.playback import Played, play
from vantage_stack.street import camera_name
from vantage_stack.thread import Thread, thread

_ALERT_S = 180.0
_RECORDING_S = 180.0
_LIVE_S = 60.0
_LOOK_EVERY_S = 2.0
_LEAST_RECORDED_S = 5.0
_LIVE_FRAMES = 50
_CASE = "DEMO-1"


@dataclass
class Story:
    """Prints what happens, each line with the seconds since the beginning."""

    began: float = field(default_factory=time.monotonic)
    first_alert_s: float = 0.0
    """When the first alert came, seconds since the beginning."""

    def tell(self, text: str) -> None:
        """Print a line."""
        print(f"{self.seconds():6.1f} s  {text}", flush=True)

    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began


def run(story: Story, *, cameras: int, once: bool, api_port: int = 0) -> None:
    """Run the demo. Raises DemoFailed with the reason where something did not come."""
    with _interruptible(), thread("demo", cameras, api_port=api_port, say=story.tell) as running:
        try:
            Demo(running, story, cameras).play(once=once)
        except KeyboardInterrupt:
            story.tell("ending")


class Demo:
    """One showing on a running thread."""

    def __init__(self, running: Thread, story: Story, cameras: int) -> None:
        self._thread, self._story, self._cameras = running, story, cameras
        self._gateway = gateway_of(running.stack)
        self._alerts: list[StreamedAlert] = []
        self._printing = False
        self._subscriber = Subscriber(gateway_of(running.stack), self._take)

    def play(self, *, once: bool) -> None:
        """The story. Raises DemoFailed."""
        self._story.tell("every part and service is ready")
        self._show_alert()
        self._show_live()
        self._show_recording()
        if once:
            self._subscriber.stop()
            return
        self._show_ways_on()
        self._printing = True
        while True:
            self._thread.services.check()
            time.sleep(_LOOK_EVERY_S)

    def _take(self, alert: StreamedAlert) -> None:
        self._alerts.append(alert)
        if self._printing:
            event = alert.event
            self._story.tell(f"alert {event.change}: {event.title}, {event.camera_id}, seen {event.evidence.count}")

    def _show_alert(self) -> None:
        self._wait(lambda: bool(self._alerts), _ALERT_S, "no alert came on the stream")
        first, self._story.first_alert_s = self._alerts[0], self._story.seconds()
        self._story.tell(f"first alert, as it came on the stream (id {first.cursor}):")
        print(f"          {encode(first.event).decode()}", flush=True)

    def _show_live(self) -> None:
        view = self._gateway.look(self._camera_id(1), "live", "crowd-management")
        self._wait(lambda: self._plays(view), _LIVE_S, "live video did not play")
        self._story.tell(f"live video:      {self._link(f'live/{self._camera_id(1)}?purpose=crowd-management')}")

    def _plays(self, view: View) -> bool:
        try:
            return play(self._gateway, view.playlist, most_frames=_LIVE_FRAMES).frames == _LIVE_FRAMES
        except VantageError:
            return False

    def _show_recording(self) -> None:
        began_us = SystemClock().now_us() - round(self._story.seconds() * 1e6)
        camera, start, end, view = self._recorded(began_us)
        played = play(self._gateway, view.playlist)
        _check(played, (end - start) / 1e6)
        address = f"recorded/{camera}/{start}/{end}?purpose=crime-detection&case={_CASE}"
        self._story.tell(f"recorded video:  {self._link(address)}")
        self._story.tell(
            f"it was played: {played.frames} frames, {played.seconds:.1f} s, {played.width}x{played.height}, no sound"
        )

    def _recorded(self, began_us: int) -> tuple[str, int, int, View]:
        """The first recording of any camera that the gateway can show: camera, begin, end (UTC us), view."""
        deadline = time.monotonic() + _RECORDING_S
        for number in itertools.cycle(range(1, self._cameras + 1)):
            if found := self._window(self._camera_id(number), began_us):
                return self._camera_id(number), *found
            self._thread.services.check()
            if time.monotonic() > deadline:
                msg = f"no recording could be played within {_RECORDING_S:.0f} s; see {self._logs()}"
                raise DemoFailed(msg)
            time.sleep(_LOOK_EVERY_S)
        raise AssertionError  # a cycle does not end

    def _window(self, camera: str, began_us: int) -> tuple[int, int, View] | None:
        """What is recorded of a camera since the beginning, without gaps at both ends."""
        now_us = SystemClock().now_us()
        view = self._look_back(camera, began_us, now_us)
        gaps = [(int(gap["from_us"]), int(gap["to_us"])) for gap in view.answer["gaps"]]
        start = gaps[0][1] if gaps and gaps[0][0] == began_us else began_us
        end = gaps[-1][0] if gaps and gaps[-1][1] == now_us else now_us
        if end - start < _LEAST_RECORDED_S * 1e6:
            return None
        return start, end, self._look_back(camera, start, end)

    def _look_back(self, camera: str, start: int, end: int) -> View:
        return self._gateway.look(camera, "recorded", "crime-detection", case=_CASE, from_us=start, to_us=end)

    def _show_ways_on(self) -> None:
        origin = self._thread.stack.api_origin
        people = self._thread.stack.oidc.accounts
        self._story.tell(f"console:         {origin}/  (sign in as investigator, password {people['investigator']})")
        self._story.tell(f"logs:            {self._logs()}")
        self._story.tell("alerts go on below; Ctrl-C ends everything")

    def _wait(self, come: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not come():
            self._thread.services.check()
            if self._subscriber.failure:
                msg = f"the alert stream ended: {self._subscriber.failure}"
                raise DemoFailed(msg)
            if time.monotonic() > deadline:
                msg = f"{otherwise} within {seconds:.0f} s; see {self._logs()}"
                raise DemoFailed(msg)
            time.sleep(0.1)

    def _camera_id(self, number: int) -> str:
        return f"hk1.{camera_name(number)}"

    def _link(self, address: str) -> str:
        return f"{self._thread.stack.api_origin}/#/{address}"

    def _logs(self) -> str:
        return str(self._thread.stack.home.logs)


def _check(played: Played, wanted_s: float) -> None:
    if played.sound_tracks:
        msg = f"the recording has {played.sound_tracks} sound tracks: sound is never to be recorded"
        raise DemoFailed(msg)
    if played.seconds < wanted_s - 1.5:
        msg = f"the recording plays for {played.seconds:.1f} s of {wanted_s:.1f} s"
        raise DemoFailed(msg)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a SIGTERM end the demo as Ctrl-C does: everything is stopped and cleaned up."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
