"""The way out of a worker: the spool with its uploads, and live video, with the threads that keep them going."""

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from vantage.clock import Clock
from vantage.health import Readiness
from vantage.objects import S3ObjectStore
from vantage.publish import Publisher
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.buckets import Buckets
from vantage_ingest.errors import SpoolUnavailable
from vantage_ingest.live import LiveSender
from vantage_ingest.live_dropped import LiveDropped
from vantage_ingest.live_gate import LiveGate
from vantage_ingest.live_queue import LiveQueue
from vantage_ingest.said import Said
from vantage_ingest.settings import IngestSettings
from vantage_ingest.surviving import surviving
from vantage_ingest.uploads import Uploads

_MIB = 1 << 20
_LIVE_GIVES_UP_S = 10.0
_UPLOADS_STOP_S = 4.0
_log = structlog.get_logger()


class Outgoing:
    """One worker's. `lag` is by how much its loop is late."""

    def __init__(
        self,
        settings: IngestSettings,
        slot: str,
        folder: Path,
        readiness: Readiness,
        *,
        lag: Callable[[], float],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._lag = lag
        self.spool = Spool(folder, settings.ingest_spool_mib * _MIB)
        store = S3ObjectStore.from_settings(settings)
        buckets = Buckets(store, readiness)
        publisher = Publisher.from_settings(settings, "ingest")
        threads = settings.ingest_upload_threads
        self.uploads = Uploads(store, buckets, publisher, self.spool, clock, threads=threads)
        dropped = LiveDropped()
        max_age_us = round(settings.ingest_live_max_age_seconds * 1e6)
        queue = LiveQueue(settings.ingest_live_queue_mib * _MIB, max_age_us, dropped)
        self.gate = LiveGate(queue, dropped, clock, slot)
        cell = settings.cell_id
        hasty = Publisher(settings.kafka_bootstrap, "ingest", cell, delivery_timeout_s=_LIVE_GIVES_UP_S)
        self._live = LiveSender(
            queue, store, buckets, hasty, clock, cell_id=cell, threads=4, slot=slot, dropped=dropped
        )
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to bring away what comes."""
        self.uploads.start()
        for name, part in {"live-tick": self._tick, "sync": self._sync}.items():
            threading.Thread(target=part, name=name, daemon=True).start()

    def take_up(self, ends: Ends) -> None:
        """Bring away what an earlier worker left, and note where each camera's recording ended."""
        try:
            for finished in self.spool.recover():
                ends.later(finished.head.camera_id, finished.end)
                self.uploads.add(finished)
        except SpoolUnavailable as error:
            _log.error("the spool cannot be recovered now: it is tried again at the next start", reason=str(error))

    def stop(self) -> None:
        """Send what waits for live viewers, and bring away what goes within seconds."""
        self._stopping.set()
        self._live.tick()
        self._live.stop()
        self.uploads.stop(_UPLOADS_STOP_S)

    def _tick(self) -> None:
        while not self._stopping.wait(self._settings.ingest_tick_ms / 1000):
            with surviving("live"):
                self.gate.observe(loop_lag_s=self._lag(), spool_filled=self.spool.filled)
                self._live.tick()

    def _sync(self) -> None:
        said = Said(self._clock)
        while not self._stopping.wait(self._settings.ingest_sync_seconds):
            with surviving("sync"):
                try:
                    self.spool.sync()
                    said.good("sync", "the spool is forced to the disk again")
                except SpoolUnavailable as error:
                    said.bad("sync", "the spool cannot be forced to the disk", str(error))
