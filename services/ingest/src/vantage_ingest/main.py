"""The entry point of ingest."""

import typer

from vantage.service import Running, run_service
from vantage_ingest.service import Ingest
from vantage_ingest.settings import IngestSettings

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def _commands() -> None:
    """Cameras in, live fragments and recordings out."""


@app.command()
def run() -> None:
    """Read this replica's share of the cameras until told to stop."""
    run_service("ingest", IngestSettings, _run)


def main() -> None:
    """The console script."""
    app()


def _run(settings: IngestSettings, running: Running) -> None:
    Ingest.from_settings(settings, running).run()
