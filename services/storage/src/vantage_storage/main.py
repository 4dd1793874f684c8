"""The entry points of storage: keep the index and what it stands for up to date, or only bring its schema there."""

from datetime import datetime
from typing import Annotated

import typer

from vantage.clock import SystemClock
from vantage.objects import S3ObjectStore
from vantage.service import Running, run_service
from vantage_storage.fsck_command import CLEAN, Options
from vantage_storage.fsck_command import run as run_check
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


@app.command()
def fsck(
    *,
    cameras: Annotated[str, typer.Option(help="Only these cameras: ids, separated by commas.")] = "",
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Only days from here.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Only days up to here.")] = None,
    sample: Annotated[str, typer.Option(help="Objects to read whole: so many (200), or a part of them (1%).")] = "200",
    seed: Annotated[str, typer.Option(help="Draws the sample; printed, so that it can be drawn again.")] = "",
    grace_hours: Annotated[
        float, typer.Option(min=0, help="An object without a row is in flight when it is younger than that.")
    ] = 24.0,
    patience_seconds: Annotated[
        float, typer.Option(min=0, help="What is on its way out for longer than that has been left there.")
    ] = 60.0,
    repair: Annotated[
        bool, typer.Option("--repair", help="Do a round of the chores that mend it; look again.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON for each disagreement.")] = False,
) -> None:
    """Compare index, objects, evidence, receipts and the event log; 0 where they agree, 1 where they do not.

    69 where a part is away, 70 where it refuses, 78 for a wrong setting: then nothing is known. It changes nothing
    without --repair, and may run beside storage.
    """
    options = Options(cameras, first, last, sample, seed, grace_hours, patience_seconds, repair, json)
    codes: list[int] = []
    run_service(NAME, StorageSettings, lambda settings, running: codes.append(run_check(options, settings, running)))
    if codes != [CLEAN]:
        raise typer.Exit(codes[0])


def main() -> None:
    """The console script."""
    app()


def _serve(settings: RunSettings, running: Running) -> None:
    serve(settings, running, SystemClock(), S3ObjectStore.from_settings(settings))
