"""Reads one camera, in a thread of its own, for as long as it is wanted: connect, cut, record, offer live, and after
each end wait and connect again. Every end has a named cause; none leaves the thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from vantage.contracts import Camera
from vantage.contracts.recording import GapCause
from vantage_ingest import metrics
from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.init_segment import UnreadableParameters
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.errors import StreamEnded
from vantage_ingest.ports import Stream
from vantage_ingest.surroundings import Surroundings

_STEADY_FRAGMENTS = 5
"""After so many fragments a connection counts as good, and the next wait is a first one."""
_PATIENT = {EndCause.REFUSED, EndCause.NO_CREDENTIAL, EndCause.BAD_ADDRESS}
_log = structlog.get_logger()


class CameraWorker:
    """One camera's thread. `stop` takes effect at the next picture, or when the read times out."""

    def __init__(self, camera: Camera, partition: int, epoch: int, around: Surroundings) -> None:
        self.camera = camera
        self._partition = partition
        self._around = around
        self._capture = CaptureClock(around.trust_us)
        self._assembler = Assembler(camera.fragment_seconds, self._capture, epoch, around.new_epoch)
        self._recorder = around.recorder(camera.camera_id)
        self._recorder.retention_class = camera.retention_class
        self._backoff = around.backoff()
        self._renewed = epoch
        self._stopping = threading.Event()
        self._stop_cause: tuple[GapCause | None, str] = (None, "")
        self._reconnects = 0
        self._fragments = 0
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.camera_id}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, cause: GapCause | None = None, detail: str = "") -> None:
        """Stop reading; `cause` is why the camera's time from here on is not recorded."""
        self._stop_cause = cause, detail
        self._stopping.set()

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def renew(self, epoch: int) -> None:
        """The camera is this replica's under a new ownership: the next fragment carries it."""
        self._renewed = epoch

    def update(self, camera: Camera) -> None:
        """Take over what needs no new connection."""
        self.camera = camera
        self._recorder.retention_class = camera.retention_class

    def _run(self) -> None:
        while not self._stopping.is_set():
            wait = self._read_until_end()
            self._stopping.wait(wait)
        self._recorder.ended(*self._stop_cause)

    def _read_until_end(self) -> float:
        """One connection, from the try to its end; gives the seconds to wait before the next."""
        try:
            self._read()
        except StreamEnded as end:
            return self._ended(end)
        except UnreadableParameters as error:
            return self._ended(StreamEnded(EndCause.UNREADABLE, str(error)))
        except Exception as error:  # noqa: BLE001  # a camera's fault stays in its thread
            _log.exception("reading a camera failed", camera=self.camera.camera_id)
            return self._ended(StreamEnded(EndCause.FAILED, type(error).__name__))
        return 0.0

    def _read(self) -> None:
        with self._connected() as stream:
            for unit in stream.units():
                if self._stopping.is_set():
                    break
                self._assembler.renew(self._renewed)
                if (cut := self._assembler.feed(unit)) is not None:
                    self._take(cut)

    @contextmanager
    def _connected(self) -> Iterator[Stream]:
        """The open stream; what its last pictures make is taken before the context is left."""
        around = self._around
        self._fragments = 0
        with around.reader.open(around.target(self.camera)) as stream:
            self._assembler.connect(stream.sets)
            try:
                yield stream
            finally:
                metrics.SKIPPED_FRAMES.inc(self._assembler.skipped)
                if (cut := self._assembler.disconnect()) is not None:
                    self._take(cut)

    def _take(self, cut: Cut) -> None:
        """A finished fragment: to the disk first, then to whoever looks now."""
        self._recorder.add(cut)
        camera_id = self.camera.camera_id
        self._around.live(LiveFragment(camera_id, self._partition, cut, self._around.clock.now_us()))
        metrics.FRAGMENTS.inc()
        metrics.FRAGMENT_BYTES.inc(len(cut.data))
        self._fragments += 1
        if self._fragments == _STEADY_FRAGMENTS:
            self._backoff.reset()
        if not self._stopping.is_set():
            self._tell_online()

    def _tell_online(self) -> None:
        offset = self._capture.offset_us
        cause, remedy = self._recorder.fault, "recording goes on by itself when the disk takes it again"
        if not cause and offset is not None and abs(offset) > self._around.trust_us:
            cause = f"the camera's clock is wrong by {offset / 1e6:.0f} s; times are estimated from arrival"
            remedy = "set the camera's clock, best by NTP"
        camera_id = self.camera.camera_id
        self._around.statuses.set(camera_id, "online", cause, remedy if cause else "")
        self._around.statuses.note(
            camera_id, epoch=self._assembler.epoch, reconnects=self._reconnects, clock_offset_us=offset
        )

    def _ended(self, end: StreamEnded) -> float:
        if self._stopping.is_set():
            return 0.0
        meaning = end.meaning
        metrics.STREAM_ENDS.labels(end.cause.value).inc()
        self._reconnects += 1
        self._recorder.ended(meaning.gap, str(end))
        self._around.statuses.set(self.camera.camera_id, meaning.state, str(end), meaning.remedy)
        return self._backoff.next(patient=end.cause in _PATIENT)
