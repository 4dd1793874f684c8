"""The entry points of scheme: publish the files once, or publish them and follow them."""

import json
import sys
from pathlib import Path

import typer
from pydantic import BaseModel

from vantage.clock import SystemClock
from vantage.service import Running, run_service
from vantage_scheme.adapters.register import KafkaRegister
from vantage_scheme.domain.camera_entry import CameraEntry
from vantage_scheme.domain.rule_entry import RuleEntry
from vantage_scheme.errors import NoFile
from vantage_scheme.follower import Follower, report
from vantage_scheme.scheme import Scheme
from vantage_scheme.settings import SchemeSettings

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
EXIT_FAULTY = 65
"""Some entries had faults (EX_DATAERR); the good ones were published."""


@app.command()
def publish() -> None:
    """Publish the camera and rules files once; exit with 65 where an entry had a fault (the others are published)."""
    run_service("scheme", SchemeSettings, _publish_once)


@app.command()
def run() -> None:
    """Publish the files and follow them, their papers' expiry included, until told to stop."""
    run_service("scheme", SchemeSettings, _follow)


@app.command()
def schema(kind: str = typer.Argument(help="cameras or rules")) -> None:
    """Print the JSON Schema of a file, for editors that check while one types."""
    models: dict[str, type[BaseModel]] = {"cameras": CameraEntry, "rules": RuleEntry}
    entry = models.get(kind)
    if entry is None:
        sys.exit(f"vantage-scheme: there is no schema {kind!r}; choose cameras or rules")
    whole = {"type": "object", "required": [kind], "additionalProperties": False}
    items = entry.model_json_schema(ref_template="#/properties/" + kind + "/items/$defs/{model}")
    sys.stdout.write(json.dumps({**whole, "properties": {kind: {"type": "array", "items": items}}}, indent=2) + "\n")


def main() -> None:
    """The console script."""
    app()


def _publish_once(settings: SchemeSettings, _running: Running) -> None:
    _require(settings)
    register = KafkaRegister.open(settings)
    try:
        register.wait_ready(settings.scheme_read_timeout_seconds)
        done = _scheme(settings, register).read_and_publish()
    finally:
        register.stop()
    report(done)
    if done.problems:
        sys.exit(EXIT_FAULTY)


def _follow(settings: SchemeSettings, running: Running) -> None:
    _require(settings)
    register = KafkaRegister.open(settings)
    follower = Follower(_scheme(settings, register), _files(settings), SystemClock(), running)
    try:
        follower.wait_for(register)
        follower.run(settings.scheme_poll_seconds)
    finally:
        register.stop()


def _scheme(settings: SchemeSettings, register: KafkaRegister) -> Scheme:
    return Scheme(
        cell_id=settings.cell_id,
        cameras=settings.scheme_cameras,
        rules=settings.scheme_rules,
        register=register,
        clock=SystemClock(),
        networks=settings.networks,
    )


def _files(settings: SchemeSettings) -> list[Path]:
    return [path for path in (settings.scheme_cameras, settings.scheme_rules) if path is not None]


def _require(settings: SchemeSettings) -> None:
    for path, variable in (
        (settings.scheme_cameras, "VANTAGE_SCHEME_CAMERAS"),
        (settings.scheme_rules, "VANTAGE_SCHEME_RULES"),
    ):
        if path is not None and not path.is_file():
            msg = f"{variable} names {str(path)!r}, which is not a file: correct the path or make the file"
            raise NoFile(msg)
