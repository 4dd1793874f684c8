"""A reader around another one, for cameras whose masks Vantage burns in: nothing that the camera sent goes past it.

Order and threads. The inner reader calls from the loop's thread; its pictures go into the `Backlog`. A thread a
connection decodes, blackens and codes them (libav lets go of the interpreter lock meanwhile) and hands them over to the
loop. The decoder sees what a camera sends, which may be hostile: this runs in `mask-N` workers only.
"""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count

import structlog

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage_ingest import metrics
from vantage_ingest.adapters.handover import Handover
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.mask_raster import Unmaskable
from vantage_ingest.domain.stream import AccessUnit, ParameterSets
from vantage_ingest.errors import StreamEnded
from vantage_ingest.masks.backlog import Backlog
from vantage_ingest.masks.transcoder import Transcoder
from vantage_ingest.ports import Notes, Reader, Sink, Target

_STUCK_S = 10.0
_log = structlog.get_logger()
_number = count(1)


class MaskingReader:
    """Opens one camera through `inner` and burns its masks into its pictures; `notes` are told of each thread."""

    def __init__(
        self, inner: Reader, camera: Camera, loop: Loop, clock: Clock, crf: int, *, notes: Notes | None = None
    ) -> None:
        self.inner = inner
        self.camera = camera
        self.loop = loop
        self.clock = clock
        self.crf = crf
        self._notes = notes

    def open(self, target: Target, sink: Sink) -> "MaskingConnection":
        """Begin to connect, to read and to mask."""
        return MaskingConnection(self, target, sink)

    def noted(self, number: int) -> AbstractContextManager[None]:
        """For as long as the calling thread has the camera's pictures."""
        return self._notes.thread(number) if self._notes else nullcontext()


class MaskingConnection:
    """One camera's connection; the sink of the inner one."""

    def __init__(self, reader: MaskingReader, target: Target, sink: Sink) -> None:
        self._reader = reader
        self._number = target.number
        self._handover = Handover(reader.loop, sink)
        self._backlog = Backlog()
        self._end: StreamEnded | None = None
        self._lost = 0
        self._working_since: float | None = None
        self._thread: threading.Thread | None = None
        self._inner = reader.inner.open(target, self)

    @property
    def lost_packets(self) -> int:
        """The inner reader's."""
        return self._inner.lost_packets

    def close(self) -> None:
        """The sink is not called again; the thread ends after the picture that it is at."""
        self._inner.close()
        self._backlog.close()
        self._handover.close()

    def opened(self, sets: ParameterSets) -> None:
        """The camera plays. Its parameter sets are for the decoder; ours come with the first keyframe."""
        self._handover.opened(ParameterSets("h264", (), ()))
        name = f"mask-{next(_number)}"
        self._thread = threading.Thread(target=self._work, args=(sets,), name=name, daemon=True)
        self._thread.start()

    def units(self, units: Sequence[AccessUnit]) -> None:
        """Let the thread have them, as far as there is room; after a loss only from the next keyframe on."""
        lost = self._inner.lost_packets
        if lost > self._lost:
            self._lost = lost
            self._backlog.broken()
        for unit in units:
            before = self._backlog.dropping
            if not self._backlog.offer(unit):
                self._dropped(before)

    def _dropped(self, before: str | None) -> None:
        reason = self._backlog.dropping or "behind"
        metrics.MASKING_DROPPED.labels(reason).inc()
        if reason == "behind":
            if before is None:
                camera_id = self._reader.camera.camera_id
                _log.warning("masking is behind: pictures are dropped up to a keyframe", camera=camera_id)
            self._give_up_if_stuck()

    def ended(self, end: StreamEnded) -> None:
        """What waits is still masked and handed on, then the end is."""
        self._end = end
        self._backlog.end()
        if self._thread is None:
            self._handover.ended(end)

    def _give_up_if_stuck(self) -> None:
        since = self._working_since
        if since is not None and self._reader.clock.monotonic() - since > _STUCK_S:
            self._fail(EndCause.FAILED, f"masking one picture takes longer than {_STUCK_S:.0f} s")

    def _fail(self, cause: EndCause, detail: str) -> None:
        self._backlog.close()
        self._reader.loop.call_soon(self._inner.close)
        self._handover.ended(StreamEnded(cause, detail))

    def _work(self, sets: ParameterSets) -> None:
        reader = self._reader
        try:
            with reader.noted(self._number):
                self._mask_all(Transcoder(reader.camera.masks, sets, reader.crf))
        except Unmaskable as error:
            self._fail(EndCause.UNMASKABLE, str(error))
        except Exception as error:  # noqa: BLE001  # a camera's fault stays its own
            _log.exception("masking a camera failed", camera=reader.camera.camera_id)
            self._fail(EndCause.FAILED, type(error).__name__)
        else:
            if self._end is not None:
                self._handover.ended(self._end)

    def _mask_all(self, transcoder: Transcoder) -> None:
        dropped = skipped = 0
        for unit in self._backlog.units():
            self._working_since = self._reader.clock.monotonic()
            made = transcoder.feed(unit)
            self._working_since = None
            dropped, skipped = self._count(transcoder, dropped, skipped)
            if not all(self._handover.unit(one) for one in made):
                return
        if not self._backlog.closed:
            for one in transcoder.flush():
                self._handover.unit(one)
            self._count(transcoder, dropped, skipped)

    @staticmethod
    def _count(transcoder: Transcoder, dropped: int, skipped: int) -> tuple[int, int]:
        if transcoder.dropped > dropped:
            metrics.MASKING_DROPPED.labels("damaged").inc(transcoder.dropped - dropped)
        if transcoder.skipped > skipped:
            metrics.SKIPPED_FRAMES.inc(transcoder.skipped - skipped)
        return transcoder.dropped, transcoder.skipped
