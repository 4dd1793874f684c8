"""`vantage-stack`: fetch what the stack is made of, and bring its parts up for hand work."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from vantage.errors import VantageError
from vantage_stack.cache import Cache
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.console import STEPS as CONSOLE_STEPS
from vantage_stack.demo import Story
from vantage_stack.demo import run as run_demo
from vantage_stack.fetch import Step, fetch_visibly
from vantage_stack.kafka import Kafka
from vantage_stack.model.model import STEPS as MODEL_STEPS
from vantage_stack.oidc.provider import OpenIdProvider
from vantage_stack.postgres import Postgres
from vantage_stack.stack import Stack
from vantage_stack.store import store_class

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

PARTS = ("kafka", "store", "postgres", "cameras", "oidc")


def steps(store: str | None = None) -> list[Step]:
    """Everything that the stack fetches; MinIO is built only where it is the store that is asked for."""
    parts = (Kafka, store_class(store), Postgres, VirtualCameras, OpenIdProvider)
    return [*(step for part in parts for step in part.steps), *MODEL_STEPS, *CONSOLE_STEPS]


@app.command("fetch")
def fetch_command() -> None:
    """Download and build the third-party programs into the user's cache; what is there already costs nothing."""
    fetch_visibly(steps(), Cache())


@app.command()
def up(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Which parts, all without a name: {', '.join(PARTS)}.")
    ] = None,
    cameras: Annotated[int, typer.Option(help="How many virtual cameras.")] = 4,
) -> None:
    """Start parts, print the settings by which a service finds them, and run until Ctrl-C or a part's end."""
    with Stack("up", cameras=cameras) as stack:
        stack.require(*_known(parts or PARTS))
        typer.echo("\n".join(_exports(stack)))
        typer.echo(f"# logs: {stack.home.logs}; Ctrl-C ends it", err=True)
        stack.wait()


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after an alert came and a recording played back.")] = False,
    cameras: Annotated[int, typer.Option(help="How many virtual cameras.", min=1)] = 4,
    port: Annotated[int, typer.Option(help="The gateway's port; 0 takes any.")] = 0,
) -> None:
    """Fetch what is missing, start everything, and show the first alert, live video and a recording."""
    story = Story()
    fetch_visibly(steps(), Cache())
    fetched_s = story.seconds()
    story.tell("everything is fetched and built")
    warm = Story()
    run_demo(warm, cameras=cameras, once=once, api_port=port)
    typer.echo(f"demo: fetched and built in {fetched_s:.0f} s, first alert {warm.first_alert_s:.0f} s after that")


def _known(names: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        msg = f"there is no part {unknown[0]!r}: choose from {', '.join(PARTS)}"
        raise typer.BadParameter(msg)
    return names


def _exports(stack: Stack) -> list[str]:
    lines = [f"export {name}={value}" for name, value in stack.environment().items()]
    if "postgres" in stack.up:
        lines += [f"# {name}: export VANTAGE_POSTGRES_DSN={dsn}" for name, dsn in stack.postgres.dsns.items()]
    if "cameras" in stack.up:
        lines += [f"# camera 1: {stack.cameras.url(1)} with {stack.cameras.credential}"]
    return lines


def main() -> None:
    """Run the command; an error of Vantage is one line and exit code 69."""
    try:
        app()
    except VantageError as error:
        typer.echo(f"vantage-stack: {error}", err=True)
        raise SystemExit(os.EX_UNAVAILABLE) from error
