"""Ingest as a whole: its parts put together, the threads that they run in, and the order in which they stop.

Threads, all named and bounded: one a camera (at most 100), `ownership`, `live-tick`, a few `live` senders and `upload`
threads, `keeper` (sweep and sync), and the caller's, which reconciles. An unexpected error in one of them is logged and
counted, and that part goes on; only an error of the deployment ends the service.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Self

import structlog

from vantage.clock import Clock, SystemClock
from vantage.errors import StartupError, VantageError
from vantage.ids import new_epoch
from vantage.objects import ObjectStore, S3ObjectStore
from vantage.publish import Publisher
from vantage.service import Running
from vantage_ingest import metrics
from vantage_ingest.adapters.credentials import CredentialFolder
from vantage_ingest.adapters.memory import DesiredFile, Ends
from vantage_ingest.adapters.ownership import Ownership
from vantage_ingest.adapters.pyav_reader import PyavReader
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.board import StatusBoard
from vantage_ingest.buckets import Buckets
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.holdings import Wanted
from vantage_ingest.errors import SpoolUnavailable
from vantage_ingest.fleet import Fleet
from vantage_ingest.keeper import Keeper
from vantage_ingest.live import LiveSender
from vantage_ingest.live_queue import LiveQueue
from vantage_ingest.recorder import Recorder
from vantage_ingest.settings import IngestSettings
from vantage_ingest.surroundings import Surroundings
from vantage_ingest.sweeper import Sweeper
from vantage_ingest.uploads import Uploads
from vantage_ingest.worker import CameraWorker

_MIB = 1 << 20
_LIVE_GIVES_UP_S = 10.0
_RECONCILE_S = 0.25
_AGAIN_S = 1.0
_CAMERAS_STOP_S = 4.0
_UPLOADS_STOP_S = 4.0
_log = structlog.get_logger()


class Ingest:
    """One replica."""

    def __init__(self, settings: IngestSettings, running: Running, store: ObjectStore, clock: Clock) -> None:
        self._settings = settings
        self._running = running
        self._clock = clock
        self._store = store
        state = settings.state_dir
        self._spool = Spool(state / "spool", settings.ingest_spool_mib * _MIB)
        self._ends = Ends(state / "ends")
        self._desired = DesiredFile(state / "desired.json")
        self._buckets = Buckets(store, running.readiness)
        address, cell = settings.kafka_bootstrap, settings.cell_id
        self._live_publisher = Publisher(address, "ingest", cell, delivery_timeout_s=_LIVE_GIVES_UP_S)
        self._publisher = Publisher.from_settings(settings, "ingest")
        self._uploads = Uploads(
            store, self._buckets, self._publisher, self._spool, clock, threads=settings.ingest_upload_threads
        )
        max_age_us = round(settings.ingest_live_max_age_seconds * 1e6)
        self._queue = LiveQueue(settings.ingest_live_queue_mib * _MIB, max_age_us)
        self._live = LiveSender(self._queue, store, self._buckets, self._live_publisher, clock, cell_id=cell, threads=4)
        self._board = StatusBoard(self._publisher, clock, settings.ingest_status_seconds)
        self._ownership = Ownership(settings, running.readiness, clock, running.stop)
        self._around = self._surroundings()
        self._fleet = Fleet(self._worker, self._board, clock, settings.ingest_max_cameras, self._ends.forget)
        keep = timedelta(minutes=settings.ingest_live_keep_minutes)
        sweeper = Sweeper(store, clock, cell, keep)
        self._keeper = Keeper(self._spool, self._buckets, sweeper, self._ownership, clock)
        self._failure: VantageError | None = None

    @classmethod
    def from_settings(cls, settings: IngestSettings, running: Running) -> Self:
        """The replica that the settings describe, on the real clock and store."""
        return cls(settings, running, S3ObjectStore.from_settings(settings), SystemClock())

    def run(self) -> None:
        """Recover the spool, then read cameras until told to stop. Raises StartupError."""
        self._recover()
        threads = [
            threading.Thread(target=self._own, name="ownership", daemon=True),
            threading.Thread(target=self._tick, name="live-tick", daemon=True),
            threading.Thread(target=self._keep, name="keeper", daemon=True),
        ]
        self._uploads.start()
        for thread in threads:
            thread.start()
        try:
            self._reconcile()
        finally:
            self._stop(threads)
        if self._failure is not None:
            raise self._failure

    def _recover(self) -> None:
        try:
            for finished in self._spool.recover():
                self._ends.later(finished.head.camera_id, finished.end)
                self._uploads.add(finished)
        except SpoolUnavailable as error:
            _log.error("the spool cannot be recovered now: it is tried again at the next start", reason=str(error))

    def _reconcile(self) -> None:
        grace_ends = self._clock.monotonic() + self._settings.ingest_kafka_grace_seconds
        while not self._running.stop.wait(_RECONCILE_S):
            with self._surviving("reconcile"):
                if grace_ends and not self._ownership.assigned.is_set() and self._clock.monotonic() >= grace_ends:
                    grace_ends = 0.0
                    self._go_on_alone()
                self._fleet.reconcile(self._ownership.wanted())
                self._board.publish()
                if (news := self._ownership.news()) is not None:
                    self._desired.save(news)

    def _go_on_alone(self) -> None:
        known = self._desired.load()
        self._ownership.remember(known)
        if cameras := sum(map(len, known.values())):
            _log.warning("the event log is away: recording what this replica recorded last", cameras=cameras)

    def _own(self) -> None:
        while not self._running.stop.is_set():
            with self._surviving("ownership"):
                try:
                    self._ownership.run()
                except StartupError as error:
                    self._failure = error
                    self._running.stop.set()
            self._running.stop.wait(_AGAIN_S)

    def _tick(self) -> None:
        while not self._running.stop.wait(self._settings.ingest_tick_ms / 1000):
            with self._surviving("live"):
                self._live.tick()

    def _keep(self) -> None:
        while not self._running.stop.wait(self._settings.ingest_sync_seconds):
            with self._surviving("keeper"):
                self._keeper.turn()

    def _stop(self, threads: list[threading.Thread]) -> None:
        """Cameras first, so that their last recordings are finished; then what brings them away; then the rest."""
        left = self._fleet.stop(_CAMERAS_STOP_S)
        if left:
            _log.warning("cameras did not stop in time: the next start recovers their spool", cameras=left)
        self._live.tick()
        self._live.stop()
        self._uploads.stop(_UPLOADS_STOP_S)
        for thread in threads:
            thread.join(2)
        _log.info("stopped")

    def _surroundings(self) -> Surroundings:
        settings, clock = self._settings, self._clock
        open_s, read_s = settings.ingest_open_timeout_seconds, settings.ingest_read_timeout_seconds
        credentials = CredentialFolder(settings.ingest_credentials)
        first_s, longest_s = settings.ingest_retry_first_seconds, settings.ingest_retry_longest_seconds
        return Surroundings(
            reader=PyavReader(open_s, read_s, clock),
            target=lambda camera: credentials.target(camera.source),
            live=self._queue.offer,
            recorder=self._recorder,
            statuses=self._board,
            backoff=lambda: Backoff(first_s, longest_s, Random().random),  # noqa: S311
            new_epoch=lambda: new_epoch(clock),
            clock=clock,
            trust_us=round(settings.ingest_clock_trust_seconds * 1e6),
        )

    def _recorder(self, camera_id: str) -> Recorder:
        seconds = self._settings.ingest_recording_seconds
        return Recorder(camera_id, self._spool, self._ends, self._uploads.add, seconds=seconds)

    def _worker(self, want: Wanted) -> CameraWorker:
        return CameraWorker(want.camera, want.partition, want.epoch, self._around)

    @contextmanager
    def _surviving(self, part: str) -> Iterator[None]:
        """Log and count an unexpected error: one part's fault must not stop recording."""
        try:
            yield
        except Exception:  # noqa: BLE001  # one part's fault must not stop the others
            metrics.FAULTS.labels(part).inc()
            _log.exception("an unexpected error was survived", part=part)
