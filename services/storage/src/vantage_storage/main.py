"""The entry points of storage: keep the index up to date, or only bring its schema there."""

import structlog
import typer

from vantage.clock import SystemClock
from vantage.postgres import DatabaseUnavailable, connect_pool, migrate
from vantage.publish import Publisher
from vantage.service import Running, run_service
from vantage.stream import StreamLoop
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.indexer import TOPICS, Indexer
from vantage_storage.settings import StorageSettings

_log = structlog.get_logger()
app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

NAME = "storage"
SCHEMA = "storage"
MIGRATIONS = "vantage_storage.migrations"
_DATABASE = "database"
_WAIT_S = 2.0
_PATIENCE_S = 3.0  # for a connection: while a batch waits for one, a stop is not heard


@app.command()
def run() -> None:
    """Index recordings and tracks until told to stop."""
    run_service(NAME, StorageSettings, _serve)


@app.command("migrate")
def migrate_only() -> None:
    """Bring the schema `storage` to this release and end; exit with 69 where PostgreSQL is away."""
    run_service(NAME, StorageSettings, _migrate)


def main() -> None:
    """The console script."""
    app()


def _migrate(settings: StorageSettings, _running: Running) -> None:
    applied = migrate(settings.postgres_dsn.get_secret_value(), SCHEMA, MIGRATIONS)
    _log.info("schema is up to date", schema=SCHEMA, applied=applied)


def _serve(settings: StorageSettings, running: Running) -> None:
    """Index for as long as the database is there; when it went away where the loop cannot wait, begin anew."""
    publisher = Publisher.from_settings(settings, NAME)
    running.readiness.waiting(_DATABASE, "PostgreSQL was not asked yet")
    while not running.stop.is_set():
        try:
            _migrate(settings, running)
            running.readiness.ready(_DATABASE)
            _index(settings, running, publisher)
        except DatabaseUnavailable as error:
            running.readiness.waiting(_DATABASE, str(error))
            _log.warning("waiting for PostgreSQL", reason=str(error))
            running.stop.wait(_WAIT_S)


def _index(settings: StorageSettings, running: Running, publisher: Publisher) -> None:
    dsn = settings.postgres_dsn.get_secret_value()
    with connect_pool(dsn, application="vantage-storage", timeout_s=_PATIENCE_S) as pool:
        indexer = Indexer(PostgresIndex(pool, dsn), SystemClock(), settings.storage_days_ahead)
        loop = StreamLoop(settings, NAME, TOPICS, indexer, publisher, stop=running.stop, readiness=running.readiness)
        loop.run()
