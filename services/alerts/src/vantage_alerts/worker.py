"""Runs the engine: waits for what it needs, consumes until told to stop, and begins anew where its consumer gave up."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import faust
import structlog

from vantage import metrics as sdk_metrics
from vantage.clock import SystemClock
from vantage.contracts import Camera, Rule
from vantage.errors import StartupError
from vantage.publish import Publisher
from vantage.service import Running
from vantage.table import Table
from vantage_alerts import metrics
from vantage_alerts.adapters.changelog import prepare
from vantage_alerts.adapters.delivery import Delivery
from vantage_alerts.adapters.state_table import TableStates
from vantage_alerts.adapters.stream_app import before_streams, follow, make_app
from vantage_alerts.domain.continuity import Continuity
from vantage_alerts.engine import Engine
from vantage_alerts.errors import EngineStopped
from vantage_alerts.intake import CAMERAS, DETECTIONS, JOINED, RULES, STATUS, Intake
from vantage_alerts.settings import EngineSettings
from vantage_alerts.waiting import until_it_works
from vantage_alerts.watchlist import Watchlist

_log = structlog.get_logger()
_SERVICE = "alerts-engine"
_RETRY_S = 1.0
_LOOK_S = 0.1
_STOP_S = 8.0
_TABLES_S = 3.0


def run_engine(settings: EngineSettings, running: Running) -> None:
    """Wait for the event log and the tables, then consume until the service stops.

    Raises StartupError, DeadLetterLimit, PublishFailed.
    """
    _make_folder(settings.engine_dir)
    partitions = until_it_works(running, "kafka", lambda: prepare(settings, JOINED))
    cameras, rules = Table(settings, CAMERAS, Camera), Table(settings, RULES, Rule)
    watchlist = Watchlist(cameras, rules)
    try:
        for table in (cameras.start(), rules.start()):
            until_it_works(running, "tables", partial(table.wait_ready, _TABLES_S))
        if partitions is not None:
            EngineWorker(settings, running, watchlist, partitions).run()
    finally:
        cameras.stop()
        rules.stop()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the engine's folder {folder} cannot be made: {error.strerror}; set VANTAGE_STATE_DIR to one that can"
        raise StartupError(msg) from error


class EngineWorker:
    """One replica of the engine."""

    def __init__(self, settings: EngineSettings, running: Running, watchlist: Watchlist, partitions: int) -> None:
        self._settings = settings
        self._running = running
        self._watchlist = watchlist
        self._partitions = partitions
        self._continuity = Continuity()
        publisher = Publisher.from_settings(settings, _SERVICE)
        self._delivery = Delivery(publisher, _SERVICE, SystemClock(), running.readiness)

    def run(self) -> None:
        """Consume until the service stops, with a new consumer where one gave up."""
        try:
            while not self._running.stop.is_set():
                self._try_to_consume()
        finally:
            self._delivery.close()

    def _try_to_consume(self) -> None:
        try:
            asyncio.run(self._consume())
        except EngineStopped as error:
            metrics.ENGINE_RESTARTS.inc()
            _log.warning("waiting", part="consumer", reason=str(error))
            self._running.readiness.waiting("consumer", str(error))
            self._running.stop.wait(_RETRY_S)

    async def _consume(self) -> None:
        app, table = make_app(self._settings, self._partitions)
        engine = Engine(self._watchlist, TableStates(table), self._delivery)
        intake = Intake(engine, self._watchlist, self._delivery, self._continuity)
        self._connect(app, engine, intake)
        before_streams(app, table, self._begin)
        try:
            await self._start(app)
            while not self._running.stop.is_set() and intake.failure is None:
                if app.crashed:
                    raise EngineStopped(_why(app))
                self._measure_lag(app, intake)
                await asyncio.sleep(_LOOK_S)
        finally:
            await _stop(app)
        if intake.failure is not None:
            raise intake.failure

    def _connect(self, app: faust.App, engine: Engine, intake: Intake) -> None:
        follow(app, DETECTIONS, intake.detections)
        follow(app, CAMERAS, intake.camera)
        follow(app, STATUS, intake.status)

        async def revoked(*_: object, **__: object) -> None:
            self._running.readiness.waiting("consumer", "partitions are being shared out")
            engine.forget()

        app.on_partitions_revoked.connect(revoked)

    async def _start(self, app: faust.App) -> None:
        self._running.readiness.waiting("consumer", "its state is being read")
        try:
            await app.start()
        except Exception as error:  # the client raises many kinds, all of them for a broker that is away
            msg = f"the engine's consumer cannot begin at {self._settings.kafka_bootstrap}: {error!r}"
            raise EngineStopped(msg) from error

    async def _begin(self, positions: Mapping[tuple[str, int], int]) -> None:
        self._continuity.begin(positions)
        _log.info("state is read, judging", partitions=sum(topic == DETECTIONS for topic, _ in positions))
        self._running.readiness.ready("consumer")

    def _measure_lag(self, app: faust.App, intake: Intake) -> None:
        # the consumer's thread may be giving a partition away just now
        with suppress(AssertionError, AttributeError):
            for place in app.consumer.assignment():
                taken = intake.taken.get((place.topic, place.partition))
                end = app.consumer.highwater(place)
                if taken is not None and end is not None:
                    sdk_metrics.LAG.labels(place.topic, str(place.partition)).set(max(0, end - taken))


async def _stop(app: faust.App) -> None:
    """Stop; a client that cannot say farewell is left behind, the group forgets it after its session."""
    try:
        await asyncio.wait_for(app.stop(), _STOP_S)
    except Exception as error:  # noqa: BLE001  # nothing depends on a clean end: offsets follow the findings
        _log.warning("the consumer did not end well", reason=repr(error))


def _why(app: faust.App) -> str:
    return f"the engine's consumer gave up ({app.crash_reason!r}) and begins anew at what was committed"
