"""The entry points of ingest."""

import socket
import sys
from typing import Annotated

import typer

from vantage.clock import SystemClock
from vantage.errors import StartupError
from vantage.service import Running, run_service, start_logging
from vantage_ingest.adapters.machine import pin
from vantage_ingest.masks.inspector import run as inspect
from vantage_ingest.onvif.command import probe
from vantage_ingest.settings import IngestSettings
from vantage_ingest.supervisor import Supervisor
from vantage_ingest.worker import Worker

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def _commands() -> None:
    """Cameras in, live fragments and recordings out."""


@app.command()
def run() -> None:
    """Read this replica's share of the cameras until told to stop."""
    run_service("ingest", IngestSettings, _run)


app.command()(probe)


@app.command(hidden=True)
def worker(
    slot: Annotated[str, typer.Option(help="The slot that this process works for.")],
    channel: Annotated[int, typer.Option(help="The descriptor of its end of the channel.")],
    core: Annotated[int | None, typer.Option(help="The core to stay on.")] = None,
) -> None:
    """Read the cameras that the supervisor says; it is started by `run` alone."""
    if core is not None:
        pin(core)  # before any thread is there, so that all stay with it
    start_logging(f"ingest/{slot}")
    try:
        settings = IngestSettings.load()
    except StartupError as error:
        sys.stderr.write(f"vantage-ingest: {error}\n")
        sys.exit(error.exit_code)
    start_logging(f"ingest/{slot}", settings.log_level)
    Worker(settings, slot, socket.socket(fileno=channel), SystemClock()).run()


@app.command(hidden=True)
def inspector() -> None:
    """Look whether masks are applied; it is started by `run` alone."""
    start_logging("ingest/inspector")
    settings = IngestSettings.load()
    start_logging("ingest/inspector", settings.log_level)
    inspect(settings.state_dir, SystemClock().now_us)


def main() -> None:
    """The console script."""
    app()


def _run(settings: IngestSettings, running: Running) -> None:
    Supervisor.from_settings(settings, running).run()
