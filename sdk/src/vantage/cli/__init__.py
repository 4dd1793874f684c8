"""`vantage`: what one does to a cell from a shell."""

import os
from typing import Annotated

import typer

from vantage.errors import VantageError
from vantage.topics import apply

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Vantage from a shell.")
topics_app = typer.Typer(no_args_is_help=True, help="The topics of a cell.")
app.add_typer(topics_app, name="topics")

Bootstrap = Annotated[str, typer.Option(envvar="VANTAGE_KAFKA_BOOTSTRAP", help="Kafka's address, host:port.")]


@topics_app.command("apply")
def apply_topics(
    bootstrap: Bootstrap,
    partitions: Annotated[int, typer.Option(help="Partitions of each joined topic: 128 in a cell, a few locally.")] = 4,
    replication: Annotated[int, typer.Option(help="Copies of each partition.")] = 1,
) -> None:
    """Make the topics that are missing; those that exist keep no longer than these would, and are else left alone."""
    made = apply(bootstrap, partitions, replication=replication)
    typer.echo(f"{len(made)} topics made at {bootstrap}" + (f": {', '.join(made)}" if made else ""))


def main() -> None:
    """Run the command; an error of Vantage is one line and exit code 1."""
    try:
        app()
    except VantageError as error:
        typer.echo(f"vantage: {error}", err=True)
        raise SystemExit(os.EX_UNAVAILABLE) from error
