"""Runs the desk: its loop over findings and its publisher, on one database."""

from vantage.clock import SystemClock
from vantage.contracts import Camera
from vantage.postgres import connect_pool, migrate
from vantage.publish import Publisher
from vantage.service import Running
from vantage.stream import LoopOptions, StreamLoop
from vantage.table import Table
from vantage_alerts.adapters.alert_store import AlertStore
from vantage_alerts.desk import Desk
from vantage_alerts.publisher import AlertPublisher
from vantage_alerts.settings import DeskSettings
from vantage_alerts.waiting import until_it_works

_SERVICE = "alerts-desk"
_MIGRATIONS = "vantage_alerts.migrations"
_TABLE_S = 3.0


def run_desk(settings: DeskSettings, running: Running) -> None:
    """Wait for the database and the cameras, then take findings until the service stops.

    Raises StartupError, DeadLetterLimit, PublishFailed, and what ended the publisher.
    """
    dsn = settings.postgres_dsn.get_secret_value()
    until_it_works(running, "database", lambda: migrate(dsn, "alerts", _MIGRATIONS))
    cameras = Table(settings, "cameras.v1", Camera).start()
    until_it_works(running, "cameras", lambda: cameras.wait_ready(_TABLE_S))
    publisher = AlertPublisher(settings, SystemClock(), running)
    publisher.start()
    try:
        _take_findings(settings, running, cameras)
    finally:
        running.stop.set()
        publisher.join()
        cameras.stop()
    if publisher.failure is not None:
        raise publisher.failure


def _take_findings(settings: DeskSettings, running: Running, cameras: Table[Camera]) -> None:
    dsn = settings.postgres_dsn.get_secret_value()
    with connect_pool(dsn, application="vantage-desk", max_size=2) as pool:
        loop = StreamLoop(
            settings,
            _SERVICE,
            ["findings.v1"],
            Desk(AlertStore(pool, dsn), cameras, SystemClock()),
            Publisher.from_settings(settings, _SERVICE),
            stop=running.stop,
            readiness=running.readiness,
            options=LoopOptions(group=settings.alerts_desk_group),
        )
        loop.run()
