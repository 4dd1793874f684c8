"""The supervisor: owns a share of the cameras, decides which worker reads which, and keeps the workers running. It
opens no camera, so nothing that a camera sends can hurt it.

Threads, all named and bounded: `ownership`, `board` (which may wait for the event log), `keeper` (which may wait for
disk and store), and the caller's, which never waits. Without the supervisor its workers finish what they record and
end; without a worker the others go on.
"""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Self

import structlog
from prometheus_client import REGISTRY

from vantage import metrics as sdk_metrics
from vantage.clock import Clock, SystemClock
from vantage.errors import StartupError, VantageError
from vantage.objects import ObjectStore, S3ObjectStore
from vantage.publish import Publisher
from vantage.service import Running
from vantage_ingest import metrics
from vantage_ingest.adapters.memory import DesiredFile, Ends
from vantage_ingest.adapters.ownership import Ownership
from vantage_ingest.adapters.slot_folder import try_lock
from vantage_ingest.board import StatusBoard
from vantage_ingest.buckets import Buckets
from vantage_ingest.crews import Crews
from vantage_ingest.domain.quarantine import Quarantine
from vantage_ingest.fleet import Fleet
from vantage_ingest.masks.inspector_process import InspectorProcess
from vantage_ingest.masks.results import Results
from vantage_ingest.masks.watch import MaskWatch
from vantage_ingest.said import Said
from vantage_ingest.settings import IngestSettings
from vantage_ingest.slots import Slots
from vantage_ingest.standing import Standing
from vantage_ingest.sums import Sums
from vantage_ingest.surviving import surviving
from vantage_ingest.sweeper import Sweeper
from vantage_ingest.worker_process import Launch

_MIB = 1 << 20
_TURN_S = 0.1
_PLAN_S = 0.5
_BOARD_S = 0.25
_KEEP_S = 1.0
_SWEEP_S = 60.0
_AGAIN_S = 1.0
_WORKERS_STOP_S = 12.0
_log = structlog.get_logger()


class Supervisor:
    """One replica."""

    def __init__(self, settings: IngestSettings, running: Running, store: ObjectStore, clock: Clock) -> None:
        self._settings = settings
        self._running = running
        self._clock = clock
        self._lock = _own_state(settings)
        self._ending = threading.Event()
        state = settings.state_dir
        ends = Ends(state / "ends")
        self._desired = DesiredFile(state / "desired.json")
        self._buckets = Buckets(store, running.readiness)
        self._board = StatusBoard(Publisher.from_settings(settings, "ingest"), clock, settings.ingest_status_seconds)
        self._ownership = Ownership(settings, running.readiness, clock, self._ending)
        standing = Standing(self._board, clock, Quarantine(strikes=settings.ingest_strikes))
        fleet = Fleet(self._board, standing, ends.forget)
        slots = Slots(settings, state)
        launch = Launch(clock, state, settings.ingest_hang_seconds, cores=slots.cores)
        sums = Sums(metrics, sdk_metrics)
        sums.register(REGISTRY)
        spool_bytes = settings.ingest_spool_mib * _MIB
        self._crews = Crews(fleet, slots, launch, running.readiness, sums, spool_bytes=spool_bytes)
        self._sweeper = Sweeper(store, clock, settings.cell_id, timedelta(minutes=settings.ingest_live_keep_minutes))
        self._watch = MaskWatch(Results(state), clock)
        self._board.over = self._watch.over
        self._inspector = InspectorProcess(clock)
        self._said = Said(clock)
        self._grace_ends = 0.0
        self._sweep_at = 0.0
        self._failure: VantageError | None = None

    @classmethod
    def from_settings(cls, settings: IngestSettings, running: Running) -> Self:
        """The replica that the settings describe, on the real clock and store."""
        return cls(settings, running, S3ObjectStore.from_settings(settings), SystemClock())

    def run(self) -> None:
        """Keep the cameras read until told to stop. Raises StartupError."""
        self._grace_ends = self._clock.monotonic() + self._settings.ingest_kafka_grace_seconds
        parts = {"ownership": self._own, "board": self._tell, "keeper": self._keep}
        threads = [threading.Thread(target=part, name=name, daemon=True) for name, part in parts.items()]
        for thread in threads:
            thread.start()
        try:
            while not self._running.stop.is_set():
                self._turns(_PLAN_S, self._running.stop)
            self._hand_over()
        finally:
            self._stop(threads)
        if self._failure is not None:
            raise self._failure

    def _turns(self, seconds: float, until: threading.Event) -> None:
        """A plan, and turns for so long."""
        with surviving("plan"):
            self._go_on_alone()
            fenced = self._ownership.fenced()
            self._board.fenced = fenced
            metrics.FENCED.set(fenced)
            self._crews.plan(self._ownership.wanted(), live=not fenced)
        end = self._clock.monotonic() + seconds
        while self._clock.monotonic() < end:
            with surviving("workers"):
                self._crews.turn()
            until.wait(_TURN_S)

    def _go_on_alone(self) -> None:
        """Record what was recorded last, where the event log is not heard in time."""
        if not self._grace_ends or self._ownership.assigned.is_set() or self._clock.monotonic() < self._grace_ends:
            return
        self._grace_ends = 0.0
        known = self._desired.load()
        self._ownership.remember(known)
        if cameras := sum(map(len, known.values())):
            _log.warning("the event log is away: recording what this replica recorded last", cameras=cameras)

    def _hand_over(self) -> None:
        """Let the other replicas take the cameras over while they are still recorded here."""
        if self._failure is not None or not self._ownership.leave():
            return
        end = self._clock.monotonic() + self._settings.ingest_handover_seconds
        while self._clock.monotonic() < end and self._ownership.wanted():
            self._turns(_PLAN_S, self._ending)

    def _stop(self, threads: list[threading.Thread]) -> None:
        self._crews.stop(handover=self._ownership.left)
        end = self._clock.monotonic() + _WORKERS_STOP_S
        while not self._crews.ended and self._clock.monotonic() < end:
            with surviving("workers"):
                self._crews.turn()
            self._ending.wait(_TURN_S)
        if left := self._crews.kill():
            _log.warning("workers did not end in time: the next start recovers their spools", workers=left)
        self._ending.set()
        for thread in threads:
            thread.join(2)
        self._inspector.stop()
        os.close(self._lock)
        _log.info("stopped")

    def _own(self) -> None:
        while not self._ending.is_set():
            with surviving("ownership"):
                try:
                    self._ownership.run()
                except StartupError as error:
                    self._failure = error
                    self._running.stop.set()
                    return
            self._ending.wait(_AGAIN_S)

    def _tell(self) -> None:
        self._often(_BOARD_S, "board", self._turn_of_board)

    def _turn_of_board(self) -> None:
        cameras = [want.camera for want in self._ownership.wanted().values() if want.camera.masks]
        self._watch.refresh(cameras)
        self._inspector.turn(needed=bool(cameras))
        self._board.publish()

    def _keep(self) -> None:
        self._often(_KEEP_S, "keeper", self._turn_of_keeper)

    def _turn_of_keeper(self) -> None:
        if (news := self._ownership.news()) is not None:
            self._desired.save(news)
        if self._clock.monotonic() < self._sweep_at:
            return
        self._sweep_at = self._clock.monotonic() + _SWEEP_S
        try:
            self._buckets.ensure()
            self._sweeper.sweep(self._ownership.partitions())
            self._said.good("sweep", "old packs are swept again")
        except VantageError as error:
            self._said.bad("sweep", "old packs cannot be swept now", str(error))

    def _often(self, seconds: float, part: str, call: Callable[[], None]) -> None:
        while not self._ending.wait(seconds):
            with surviving(part):
                call()


def _own_state(settings: IngestSettings) -> int:
    """Have the state folder for this process alone. Raises StartupError where another has it, or it cannot be made."""
    path = settings.state_dir / "supervisor.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        msg = f"VANTAGE_STATE_DIR {settings.state_dir} cannot be used: {error.strerror}; name a folder to write to"
        raise StartupError(msg) from error
    if not try_lock(file):
        msg = f"VANTAGE_STATE_DIR {settings.state_dir} is another ingest's; give each replica a folder of its own"
        raise StartupError(msg)
    return file
