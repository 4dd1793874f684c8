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
from random import Random

import structlog

from vantage.clock import Clock
from vantage.health import Readiness
from vantage.ids import new_epoch
from vantage.service import EXIT_SOFTWARE
from vantage_ingest.adapters.crash_notes import CrashNotes
from vantage_ingest.adapters.credentials import CredentialFolder
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.adapters.machine import allow_descriptors
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.resolver import Resolver
from vantage_ingest.adapters.slot_folder import SlotFolder
from vantage_ingest.camera_task import CameraTask
from vantage_ingest.channel import Channel
from vantage_ingest.conditions import Conditions
from vantage_ingest.crew import Crew
from vantage_ingest.domain.backoff import Attempts, Backoff
from vantage_ingest.errors import ChannelClosed
from vantage_ingest.masks.sampler import Sampler
from vantage_ingest.orders import Done, Duties, Duty, Order, Recovered, Why
from vantage_ingest.outgoing import Outgoing
from vantage_ingest.readers import Readers
from vantage_ingest.recorder import Recorder
from vantage_ingest.reporter import Reporter
from vantage_ingest.settings import IngestSettings
from vantage_ingest.surroundings import Surroundings

_LONGEST_END_S = 20.0
_log = structlog.get_logger()


class Worker:
    """One slot's process."""

    def __init__(self, settings: IngestSettings, slot: str, end: socket.socket, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._channel: Channel[Order] = Channel(end, Order)
        self._folder = SlotFolder(settings.state_dir, slot)
        self._loop = Loop(clock)
        self._ends = Ends(settings.state_dir / "ends")
        readiness = Readiness()
        self._out = Outgoing(settings, slot, self._folder.spool, readiness, lag=lambda: self._loop.lag, clock=clock)
        self._sampler = Sampler(settings.state_dir, settings.ingest_mask_check_seconds)
        self._conditions = Conditions(clock)
        waiting, spooled = readiness.reasons, lambda: self._out.spool.size
        reporter = Reporter(self._channel, self._conditions, self._loop, clock, waiting=waiting, spooled=spooled)
        self._reporter = reporter
        self._crew: Crew | None = None
        self._why = Why()

    def run(self) -> None:
        """Work until told to stop, or until nobody is there to tell."""
        allow_descriptors()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is the supervisor's to hear
        signal.signal(signal.SIGTERM, lambda *_: self._loop.stop())
        self._loop.watch(self._channel.fileno(), self._hear)
        self._reporter.start()
        self._out.start()
        threading.Thread(target=self._recover, name="recovery", daemon=True).start()
        _calm_collector()
        self._loop.run()
        self._stop()

    def _recover(self) -> None:
        """Have the folder, learn what an earlier worker left in it, and say that cameras may come."""
        try:
            self._folder.lock()
            notes = CrashNotes(self._folder.path)
            around = self._surroundings(notes)
            self._out.take_up(self._ends)
        except Exception:  # noqa: BLE001  # a worker that cannot begin ends, and its supervisor tries again
            _log.exception("the worker cannot begin")
            os._exit(EXIT_SOFTWARE)
        self._loop.call_soon(lambda: self._begin(notes, around))

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
            self._out.spool.limit = order.spool_bytes
            for camera_id in self._crew.follow(order):
                self._conditions.forget(camera_id)
                self._out.gate.forget(camera_id)
                self._sampler.forget(camera_id)
            self._channel.send(Done(serial=order.serial))

    def _stop(self) -> None:
        """Cameras first, so that their last recordings are finished; then what brings them away."""
        faulthandler.dump_traceback_later(_LONGEST_END_S, exit=True)
        if self._crew is not None:
            self._crew.stop(self._why)
        self._out.stop()
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
            live=self._out.gate.offer,
            sample=lambda camera, cut, stream: self._sampler.take(camera, cut, clock.monotonic(), stream),
            shed=self._out.gate.shed,
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
        self._ends.explain(camera_id, duty.before)
        seconds = self._settings.ingest_recording_seconds
        return Recorder(camera_id, self._out.spool, self._ends, self._out.uploads.add, seconds=seconds)


def _calm_collector() -> None:
    """What is there now stays; a full collection over the state of hundreds of cameras would be a pause of all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
