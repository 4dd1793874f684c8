"""Records one camera: its fragments into the spool, a recording a minute, and the truth about what is missing before
each. It runs in the camera's loop; a disk that fails stops neither the loop nor the live video.
"""

import hashlib
from collections.abc import Callable

import structlog

from vantage.contracts.base import Origin
from vantage.contracts.recording import Gap, GapCause
from vantage.ids import recording_id
from vantage_ingest import metrics
from vantage_ingest.adapters.memory import Ends, LastEnd
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished, OpenRecording
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.recording import Head, begins_anew
from vantage_ingest.errors import SpoolUnavailable

_log = structlog.get_logger()


class Recorder:
    """One camera's recordings. `fault` is what keeps it from recording, in words, or empty.

    `retention_class` is taken at the next recording's begin; another `origin` begins one.
    """

    def __init__(
        self, camera_id: str, spool: Spool, ends: Ends, done: Callable[[Finished], None], *, seconds: int
    ) -> None:
        self._camera_id = camera_id
        self._spool = spool
        self._ends = ends
        self._done = done
        self._seconds = seconds
        self._open: OpenRecording | None = None
        self._init: tuple[bytes, str] = (b"", "")
        self._last = ends.get(camera_id)
        self._restarted = True
        self.retention_class = "standard"
        self.origin = Origin()
        self.fault = ""

    def add(self, cut: Cut) -> None:
        """Record a fragment; where the disk does not take it, say so once and keep the gap's cause."""
        try:
            self._recording(cut).append(cut)
        except SpoolUnavailable as error:
            self._failed(error, cut)
            return
        if self.fault:
            _log.info("recording again", camera=self._camera_id)
        self.fault = ""

    def ended(self, cause: GapCause | None, detail: str = "") -> None:
        """Nothing follows for now: finish what is open and remember why."""
        self._finish(cause, detail)

    def _recording(self, cut: Cut) -> OpenRecording:
        digest = self._digest(cut.init)
        open_ = self._open
        if open_ is not None and begins_anew(
            open_.head, open_.end, cut, seconds=self._seconds, init_sha256=digest, origin=self.origin
        ):
            self._finish(cut.missing.cause if cut.missing else None, cut.missing.detail if cut.missing else "")
        if self._open is None:
            self._open = self._spool.begin(self._head(cut, digest), cut.init)
        return self._open

    def _head(self, cut: Cut, digest: str) -> Head:
        return Head(
            recording_id=recording_id(self._camera_id, cut.start, cut.epoch),
            camera_id=self._camera_id,
            epoch=cut.epoch,
            start=cut.start,
            picture=cut.picture,
            init_length=len(cut.init),
            init_sha256=digest,
            gap_before=self._gap(cut),
            retention_class=self.retention_class,
            origin=self.origin,
        )

    def _gap(self, cut: Cut) -> Gap | None:
        last = self._last
        if last is None:
            return Gap(start=cut.start, end=cut.start, cause="first-recording", detail="nothing is known before it")
        if last.end == cut.start and cut.missing is None:
            return None
        cause, detail = last.cause, last.detail
        if cause is None and self._restarted:
            cause, detail = "ingest-restarted", "ingest was stopped or killed"
        if cause is None and cut.missing is not None:
            cause, detail = cut.missing.cause, cut.missing.detail
        return Gap(start=min(last.end, cut.start), end=cut.start, cause=cause or "unexplained", detail=detail)

    def _finish(self, cause: GapCause | None, detail: str) -> None:
        open_, self._open = self._open, None
        if open_ is not None and (finished := self._spool.finish(open_)) is not None:
            self._last, self._restarted = LastEnd(end=finished.end), False
            self._done(finished)
        if self._last is None or (open_ is None and (cause is None or self._last.cause is not None)):
            return  # nothing is new, or the gap has its first cause already
        if self._restarted:
            detail = f"{detail}; ingest was restarted as well".lstrip("; ")
        self._last = LastEnd(end=self._last.end, cause=cause, detail=detail)
        self._ends.put(self._camera_id, self._last)

    def _failed(self, error: SpoolUnavailable, cut: Cut) -> None:
        metrics.SPOOL_FAILURES.labels(error.cause).inc()
        if not self.fault:
            _log.error("not recorded, live video goes on", camera=self._camera_id, reason=str(error))
        self.fault = str(error)
        if self._last is None and self._open is None:
            self._last = LastEnd(end=cut.start)
        self._finish(error.cause, str(error))

    def _digest(self, init: bytes) -> str:
        if self._init[0] != init:
            self._init = init, hashlib.sha256(init).hexdigest()
        return self._init[1]
