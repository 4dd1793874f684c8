"""One camera in a worker: its main stream recorded and live, its smaller one live only, its state told.

All calls come from the loop's thread. What goes wrong with a camera ends here, as a status and the cause of a gap.
"""

from vantage.contracts.base import StreamName
from vantage.contracts.recording import GapCause
from vantage_ingest import metrics
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.errors import StreamEnded
from vantage_ingest.feed import Feed
from vantage_ingest.orders import Duty, Why
from vantage_ingest.surroundings import Surroundings


class CameraTask:
    """A duty while it is done.

    Numbers and times begin anew with each task, so its epoch is its own and higher than that of the tasks before;
    unless another replica may own the camera, whose epoch is to win.
    """

    def __init__(self, duty: Duty, around: Surroundings) -> None:
        self.duty = duty
        self._around = around
        self._recorder = around.recorder(duty)
        self._recorder.retention_class = duty.camera.retention_class
        self._recorder.origin = self._origin = duty.origin
        epoch = max(duty.epoch, around.new_epoch()) if duty.live else duty.epoch
        self._main = Feed("main", duty, epoch, around, self)
        self._sub = Feed("sub", duty, epoch, around, _SubStream(self)) if duty.camera.source.sub_url else None
        self._stopping = False

    def start(self) -> None:
        """Begin to read."""
        self._around.statuses.set(self.duty.camera.camera_id, "connecting")
        for feed in self._feeds():
            feed.start()

    def stop(self, why: Why) -> None:
        """Stop reading; `why` is the cause of the camera's time from here on. All is recorded when this returns."""
        self._stopping = True
        for feed in self._feeds():
            feed.stop()
        self._recorder.ended(why.cause, why.detail)

    def update(self, duty: Duty) -> None:
        """Take over what needs no new connection: a new ownership, another retention, whether it may be shown."""
        self.duty = duty
        self._recorder.retention_class = duty.camera.retention_class
        for feed in self._feeds():
            feed.assembler.renew(duty.epoch)

    def take(self, cut: Cut) -> None:
        """A finished fragment of the main stream: to the disk first, then to whoever looks now."""
        self._recorder.add(cut)
        self.show(cut, "main")
        if not self._stopping:
            self._tell_online(cut)

    def show(self, cut: Cut, stream: StreamName) -> None:
        """Offer a fragment to live viewers, unless another replica may speak for the camera."""
        metrics.FRAGMENTS.inc()
        metrics.FRAGMENT_BYTES.inc(len(cut.data))
        duty = self.duty
        if duty.camera.masks:
            self._around.sample(duty.camera, cut, stream)
        if duty.live:
            now_us = self._around.clock.now_us()
            camera_id = duty.camera.camera_id
            self._around.live(LiveFragment(camera_id, duty.partition, cut, now_us, stream, self._origin))

    def broke(self, end: StreamEnded) -> None:
        """The main stream ended."""
        meaning = end.meaning
        gap: GapCause = meaning.gap
        self._recorder.ended(gap, str(end))
        camera_id = self.duty.camera.camera_id
        self._around.statuses.set(camera_id, meaning.state, str(end), meaning.remedy)
        self._around.statuses.note(camera_id, reconnects=self._main.reconnects, lost_packets=self._main.lost_packets)
        self.unhandled(end)

    def unhandled(self, end: StreamEnded) -> None:
        """Ask for the other reader where this one cannot do it."""
        if end.cause is EndCause.NOT_HANDLED and self.duty.reader == "native":
            self._around.unhandled(self.duty.camera.camera_id, end.detail)

    def _feeds(self) -> list[Feed]:
        return [self._main] if self._sub is None else [self._main, self._sub]

    def _tell_online(self, cut: Cut) -> None:
        cause, remedy = self._recorder.fault, "recording goes on by itself when the disk takes it again"
        if not cause and (alarm := self._main.clock_alarm) is not None:
            cause, remedy = alarm.text, alarm.remedy
        camera_id, statuses = self.duty.camera.camera_id, self._around.statuses
        statuses.set(camera_id, "online", cause, remedy if cause else "")
        statuses.note(
            camera_id,
            epoch=cut.epoch,
            reconnects=self._main.reconnects,
            reader=self.duty.reader,
            clock_offset_us=self._main.offset_us,
            clock_quality=cut.clock.quality,
            clock_uncertainty_us=cut.clock.uncertainty_us,
            lost_packets=self._main.lost_packets,
            shed=self._around.shed(camera_id),
        )


class _SubStream:
    """The taker of the smaller stream: never recorded, and its loss is no gap and no state of the camera."""

    def __init__(self, task: CameraTask) -> None:
        self._task = task

    def take(self, cut: Cut) -> None:
        self._task.show(cut, "sub")

    def broke(self, end: StreamEnded) -> None:
        self._task.unhandled(end)
