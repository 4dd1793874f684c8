"""The entry points of storage: keep the index and what it stands for up to date, or only bring its schema there."""

import typer

from vantage.clock import SystemClock
from vantage.objects import S3ObjectStore
from vantage.service import Running, run_service
from vantage_storage.service import NAME, bring_schema, serve
from vantage_storage.settings import RunSettings, StorageSettings

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.command()
def run() -> None:
    """Index recordings and tracks, and do the chores, until told to stop."""
    run_service(NAME, RunSettings, _serve)


@app.command("migrate")
def migrate_only() -> None:
    """Bring the schema `storage` to this release and end; exit with 69 where PostgreSQL is away."""
    run_service(NAME, StorageSettings, lambda settings, _running: bring_schema(settings))


def main() -> None:
    """The console script."""
    app()


def _serve(settings: RunSettings, running: Running) -> None:
    serve(settings, running, SystemClock(), S3ObjectStore.from_settings(settings))
