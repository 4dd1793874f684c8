"""One worker: a process that reads the cameras it is told to, records them, and brings what it recorded away.

Threads, all named and bounded: the main one turns the loop; `recovery` ends when the spool is known; `live-tick`, a few
`live` senders and `upload` threads, `sync`, and one a camera where FFmpeg reads it. The worker ends when it is told to
and when its supervisor is gone, in either case with its recordings finished.
"""

import faulthandler
import gc
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import structlog

from vantage.clock import Clock
from vantage.health import Readiness
from vantage.ids import new_epoch
from vantage.objects import S3ObjectStore
from vantage.publish import Publisher
from vantage.service import EXIT_SOFTWARE
from vantage_ingest import metrics
from vantage_ingest.adapters.crash_notes import CrashNotes
from vantage_ingest.adapters.credentials import CredentialFolder
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.machine import allow_descriptors
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.adapters.slot_folder import SlotFolder
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.buckets import Buckets
from vantage_ingest.camera_task import CameraTask
from vantage_ingest.channel import Channel
from vantage_ingest.conditions import Conditions
from vantage_ingest.crew import Crew
from vantage_ingest.domain.backoff import Attempts, Backoff
from vantage_ingest.errors import ChannelClosed, SpoolUnavailable
from vantage_ingest.live import LiveSender
from vantage_ingest.live_dropped import LiveDropped
from vantage_ingest.live_gate import LiveGate
from vantage_ingest.live_queue import LiveQueue
from vantage_ingest.masks.sampler import Sampler
from vantage_ingest.orders import Done, Duties, Duty, Order, Recovered, Why
from vantage_ingest.readers import Readers
from vantage_ingest.recorder import Recorder
from vantage_ingest.reporter import Reporter
from vantage_ingest.said import Said
from vantage_ingest.settings import IngestSettings
from vantage_ingest.surroundings import Surroundings
from vantage_ingest.uploads import Uploads

_MIB = 1 << 20
_LIVE_GIVES_UP_S = 10.0
_UPLOADS_STOP_S = 4.0
_LONGEST_END_S = 20.0
_log = structlog.get_logger()


class Worker:
    """One slot's process."""

    def __init__(self, settings: IngestSettings, slot: str, end: socket.socket, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._channel: Channel[Order] = Channel(end, Order)
        self._folder = SlotFolder(settings.state_dir, slot)
        self._folder.path.mkdir(parents=True, exist_ok=True)
        self._loop = Loop(clock)
        self._readiness = Readiness()
        self._spool = Spool(self._folder.spool, settings.ingest_spool_mib * _MIB)
        self._ends = Ends(settings.state_dir / "ends")
        store = S3ObjectStore.from_settings(settings)
        buckets = Buckets(store, self._readiness)
        address, cell = settings.kafka_bootstrap, settings.cell_id
        self._uploads = Uploads(
            store,
            buckets,
            Publisher.from_settings(settings, "ingest"),
            self._spool,
            clock,
            threads=settings.ingest_upload_threads,
        )
        max_age_us = round(settings.ingest_live_max_age_seconds * 1e6)
        dropped = LiveDropped()
        queue = LiveQueue(settings.ingest_live_queue_mib * _MIB, max_age_us, dropped)
        self._gate = LiveGate(queue, dropped, clock, slot)
        live_publisher = Publisher(address, "ingest", cell, delivery_timeout_s=_LIVE_GIVES_UP_S)
        self._live = LiveSender(
            queue, store, buckets, live_publisher, clock, cell_id=cell, threads=4, slot=slot, dropped=dropped
        )
        self._sampler = Sampler(settings.state_dir, settings.ingest_mask_check_seconds)
        self._conditions = Conditions(clock)
        self._reporter = Reporter(
            self._channel,
            self._conditions,
            self._loop,
            clock,
            waiting=self._readiness.reasons,
            spooled=lambda: self._spool.size,
        )
        self._crew: Crew | None = None
        self._stopping = threading.Event()
        self._why = Why()

    def run(self) -> None:
        """Work until told to stop, or until nobody is there to tell."""
        allow_descriptors()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is the supervisor's to hear
        signal.signal(signal.SIGTERM, lambda *_: self._loop.stop())
        self._loop.watch(self._channel.fileno(), self._hear)
        self._reporter.start()
        self._uploads.start()
        threads = [
            threading.Thread(target=self._recover, name="recovery", daemon=True),
            threading.Thread(target=self._tick, name="live-tick", daemon=True),
            threading.Thread(target=self._sync, name="sync", daemon=True),
        ]
        for thread in threads:
            thread.start()
        _calm_collector()
        self._loop.run()
        self._stop()

    def _recover(self) -> None:
        """Have the folder, learn what an earlier worker left in it, and say that cameras may come."""
        try:
            self._folder.lock()
            notes = CrashNotes(self._folder.path)
            around = self._surroundings(notes)
            self._take_up()
        except Exception:  # noqa: BLE001  # a worker that cannot begin ends, and its supervisor tries again
            _log.exception("the worker cannot begin")
            os._exit(EXIT_SOFTWARE)
        self._loop.call_soon(lambda: self._begin(notes, around))

    def _take_up(self) -> None:
        """Bring away what an earlier worker left, and know where each camera's recording ended."""
        try:
            for finished in self._spool.recover():
                self._ends.later(finished.head.camera_id, finished.end)
                self._uploads.add(finished)
        except SpoolUnavailable as error:
            _log.error("the spool cannot be recovered now: it is tried again at the next start", reason=str(error))

    def _begin(self, notes: CrashNotes, around: Surroundings) -> None:
        self._loop.serving = notes.serving
        self._crew = Crew(lambda duty: CameraTask(duty, around))
        self._channel.send(Recovered())

    def _hear(self) -> None:
        try:
            for order in self._channel.receive():
                self._obey(order)
        except ChannelClosed:
            _log.warning("the supervisor is gone: finishing what is recorded")
            self._loop.stop()

    def _obey(self, order: Order) -> None:
        if not isinstance(order, Duties):
            self._why = order.why
            self._loop.stop()
        elif self._crew is not None:
            self._spool.limit = order.spool_bytes
            for camera_id in self._crew.follow(order):
                self._conditions.forget(camera_id)
                self._gate.forget(camera_id)
                self._sampler.forget(camera_id)
            self._channel.send(Done(serial=order.serial))

    def _tick(self) -> None:
        while not self._stopping.wait(self._settings.ingest_tick_ms / 1000):
            with self._surviving("live"):
                self._gate.observe(loop_lag_s=self._loop.lag, spool_filled=self._spool.filled)
                self._live.tick()

    def _sync(self) -> None:
        said = Said(self._clock)
        while not self._stopping.wait(self._settings.ingest_sync_seconds):
            with self._surviving("sync"):
                try:
                    self._spool.sync()
                    said.good("sync", "the spool is forced to the disk again")
                except SpoolUnavailable as error:
                    said.bad("sync", "the spool cannot be forced to the disk", str(error))

    def _stop(self) -> None:
        """Cameras first, so that their last recordings are finished; then what brings them away."""
        faulthandler.dump_traceback_later(_LONGEST_END_S, exit=True)
        if self._crew is not None:
            self._crew.stop(self._why)
        self._stopping.set()
        self._live.tick()
        self._live.stop()
        self._uploads.stop(_UPLOADS_STOP_S)
        _log.info("stopped")
        os._exit(0)  # threads of FFmpeg may still wait for their last read

    def _surroundings(self, notes: CrashNotes) -> Surroundings:
        settings, clock = self._settings, self._clock
        credentials = CredentialFolder(settings.ingest_credentials)
        first_s, longest_s = settings.ingest_retry_first_seconds, settings.ingest_retry_longest_seconds
        rate = settings.ingest_attempts_per_second
        resolver = Resolver(settings.networks, server=settings.ingest_resolver)
        readers = Readers(settings, self._loop, resolver, notes, clock)
        return Surroundings(
            loop=self._loop,
            reader=readers.of,
            target=lambda camera, stream: credentials.target(camera.source, stream),
            live=self._gate.offer,
            sample=lambda camera, cut, stream: self._sampler.take(camera, cut, clock.monotonic(), stream),
            shed=self._gate.shed,
            recorder=self._recorder,
            statuses=self._conditions,
            unhandled=self._reporter.unhandled,
            backoff=lambda: Backoff(first_s, longest_s, Random().random),  # noqa: S311
            attempts=Attempts(rate, max(1, round(rate / 5))),
            new_epoch=lambda: new_epoch(clock),
            clock=clock,
            trust_us=round(settings.ingest_clock_trust_seconds * 1e6),
        )

    def _recorder(self, duty: Duty) -> Recorder:
        camera_id = duty.camera.camera_id
        if duty.before is not None:
            self._ends.explain(camera_id, duty.before.cause, duty.before.detail)
        seconds = self._settings.ingest_recording_seconds
        return Recorder(camera_id, self._spool, self._ends, self._uploads.add, seconds=seconds)

    @contextmanager
    def _surviving(self, part: str) -> Iterator[None]:
        """Log and count an unexpected error: one part's fault must not stop recording."""
        try:
            yield
        except Exception:  # noqa: BLE001  # one part's fault must not stop the others
            metrics.FAULTS.labels(part).inc()
            _log.exception("an unexpected error was survived", part=part)


def _calm_collector() -> None:
    """What is there now stays; a full collection over the state of hundreds of cameras would be a pause of all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
