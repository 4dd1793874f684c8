"""The entry points of alerts: the engine that judges detections, and the desk that keeps alerts."""

import typer

from vantage.service import run_service
from vantage_alerts.desk_service import run_desk
from vantage_alerts.settings import DeskSettings, EngineSettings
from vantage_alerts.worker import run_engine

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def engine() -> None:
    """Judge detections by the rules and publish findings, until told to stop."""
    run_service("alerts-engine", EngineSettings, run_engine)


@app.command()
def desk() -> None:
    """Take findings into alerts and publish each change of them, until told to stop."""
    run_service("alerts-desk", DeskSettings, run_desk)


def main() -> None:
    """The console script."""
    app()
