"""The entry points of the custodian: keep the keys, or wrap them under a new master key."""

import os
import sys

import structlog
import typer

from vantage.clock import SystemClock
from vantage.errors import StartupError, VantageError
from vantage.publish import Publisher
from vantage.service import Running, run_service, start_logging
from vantage_keys.adapters.callers import CallerFolder
from vantage_keys.adapters.key_folder import KeyFolder
from vantage_keys.adapters.master import Master
from vantage_keys.adapters.trail import Trail
from vantage_keys.custodian import Custodian
from vantage_keys.server import KeysServer
from vantage_keys.settings import KeysSettings, MasterSettings
from vantage_keys.web import build

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
NAME = "keys"
_PERIOD_S = 1.0
_log = structlog.get_logger()


@app.command()
def run() -> None:
    """Keep the keys until told to stop. Needs neither the object store nor PostgreSQL; Kafka may be away."""
    run_service(NAME, KeysSettings, _run)


@app.command("rotate-master")
def rotate_master() -> None:
    """Wrap every key under VANTAGE_KEYS_MASTER_FILE that is still under VANTAGE_KEYS_FORMER_MASTER_FILE.

    The custodian may run meanwhile, with both files. Cut short, it is run again.
    """
    start_logging(NAME)
    try:
        folder = open_folder(MasterSettings.load())
        _log.info("every key is wrapped under the new master key", rewrapped=folder.rewrap())
    except VantageError as error:
        sys.stderr.write(f"vantage-{NAME}: {error}\n")
        raise SystemExit(error.exit_code if isinstance(error, StartupError) else os.EX_SOFTWARE) from error


def main() -> None:
    """The console script."""
    app()


def open_folder(settings: MasterSettings) -> KeyFolder:
    """The keys, with what a kill cut short brought to its end. Raises MasterUnusable."""
    files = (settings.keys_master_file, settings.keys_former_master_file)
    folder = KeyFolder(settings.keys_folder, [Master.read(path) for path in files if path is not None])
    if destroyed := folder.open():
        _log.warning("destructions that were cut short are done", keys=destroyed)
    return folder


def _run(settings: KeysSettings, running: Running) -> None:
    running.readiness.waiting("http", "the custodian does not listen yet")
    callers = CallerFolder(settings.keys_callers)
    callers.check()
    keys = open_folder(settings)
    patience_s = settings.keys_audit_seconds
    publisher = Publisher(settings.kafka_bootstrap, NAME, settings.cell_id, delivery_timeout_s=patience_s)
    trail = Trail(settings.keys_folder / "journal", publisher, patience_s)
    server = KeysServer(build(Custodian(keys, trail, SystemClock()), callers.caller), settings)
    trail.start()
    server.start()
    running.readiness.ready("http")
    try:
        while not running.stop.wait(_PERIOD_S):
            _check_alive(server, trail)
    finally:
        server.stop()
        trail.stop()


def _check_alive(server: KeysServer, trail: Trail) -> None:
    for thread in (server.thread, trail.thread):
        if not thread.is_alive():
            msg = f"thread {thread.name} has ended by itself; its reason stands in the log"
            raise VantageError(msg)
