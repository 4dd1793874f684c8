"""The composition of a running storage: the index's loop, and the chores beside it."""

from collections.abc import Sequence

import structlog

from vantage.clock import Clock
from vantage.objects import ObjectStore
from vantage.postgres import DatabaseUnavailable, connect_pool, migrate
from vantage.publish import Publisher
from vantage.service import Running
from vantage.stream import StreamLoop
from vantage_storage.adapters.agreement import check_agreement
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.ages import age_chores
from vantage_storage.chores import Chore, Chores
from vantage_storage.erasure import erasure_chores
from vantage_storage.evidence import evidence_chores
from vantage_storage.fsck_result import result_chores
from vantage_storage.hold_endings import ending_chores
from vantage_storage.indexer import TOPICS, Indexer
from vantage_storage.ledger import ledger_chores
from vantage_storage.lock_renewal import lock_chores
from vantage_storage.parts import Parts
from vantage_storage.receipts import receipts_chores
from vantage_storage.settings import RunSettings, StorageSettings
from vantage_storage.sweep import sweep_chores
from vantage_storage.web.app import make_app
from vantage_storage.web.server import HttpServer

_log = structlog.get_logger()

NAME = "storage"
SCHEMA = "storage"
MIGRATIONS = "vantage_storage.migrations"
_DATABASE = "database"
_WAIT_S = 2.0
_PATIENCE_S = 3.0  # for a connection: while a batch waits for one, a stop is not heard
_CONNECTIONS = 8


def bring_schema(settings: StorageSettings) -> None:
    """Bring the schema `storage` to this release, and look that it is. Raises DatabaseUnavailable, SchemaMismatch."""
    dsn = settings.postgres_dsn.get_secret_value()
    applied = migrate(dsn, SCHEMA, MIGRATIONS)
    check_agreement(dsn)
    _log.info("schema is up to date", schema=SCHEMA, applied=applied)


def serve(settings: RunSettings, running: Running, clock: Clock, store: ObjectStore) -> None:
    """Run for as long as nobody says stop; a database that is away is waited for, at the start and later."""
    with HttpServer(settings.storage_api_host, settings.storage_api_port) as server:
        publisher = Publisher.from_settings(settings, NAME)
        dsn = settings.postgres_dsn.get_secret_value()
        if not running.wait_for(_DATABASE, lambda: bring_schema(settings)):
            return
        with connect_pool(dsn, application=f"vantage-{NAME}", max_size=_CONNECTIONS, timeout_s=_PATIENCE_S) as pool:
            parts = Parts(settings, running, clock, store, publisher, pool, dsn)
            server.start(make_app(parts, settings.storage_api_token))
            _work(parts, server)


def all_chores(parts: Parts) -> Sequence[Chore]:
    """Everything that storage does by itself."""
    return [
        *receipts_chores(parts),
        *erasure_chores(parts),
        *sweep_chores(parts),
        *age_chores(parts),
        *evidence_chores(parts),
        *lock_chores(parts),
        *ending_chores(parts),
        *ledger_chores(parts),
        *result_chores(parts),
    ]


def _work(parts: Parts, server: HttpServer) -> None:
    """Index, do the chores beside it, and end all of it while the pool is there."""
    chores = Chores(parts.dsn, all_chores(parts), parts.running)
    chores.start()
    try:
        _index(parts)
    finally:
        parts.running.stop.set()
        server.stop()
        chores.join()


def _index(parts: Parts) -> None:
    """Index; when the database went away where the loop cannot wait, begin anew."""
    running = parts.running
    while not running.stop.is_set():
        indexer = Indexer(PostgresIndex(parts.pool, parts.dsn), parts.clock, parts.settings.storage_days_ahead)
        try:
            StreamLoop(
                parts.settings,
                NAME,
                TOPICS,
                indexer,
                parts.publisher,
                stop=running.stop,
                readiness=running.readiness,
            ).run()
        except DatabaseUnavailable as error:
            running.readiness.waiting(_DATABASE, str(error))
            _log.warning("waiting for the database", reason=str(error))
            running.stop.wait(_WAIT_S)
            running.wait_for(_DATABASE, lambda: bring_schema(parts.settings))
