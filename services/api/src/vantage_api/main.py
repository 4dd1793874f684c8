"""The entry points of api: run the gateway, or print what it offers."""

import json
import sys

import typer

from vantage.service import Running, run_service
from vantage_api.errors import NoConsole
from vantage_api.parts import Parts
from vantage_api.server import HttpServer
from vantage_api.settings import ApiSettings
from vantage_api.watch import Watch
from vantage_api.web.app import build, describe

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
_PERIOD_S = 1.0


@app.command()
def run() -> None:
    """Run the gateway until told to stop; parts that are away are waited for while the rest goes on."""
    run_service("api", ApiSettings, _run)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    sys.stdout.write(json.dumps(describe(), indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    """The console script."""
    app()


def _run(settings: ApiSettings, running: Running) -> None:
    running.readiness.waiting("http", "the gateway does not listen yet")
    _check_console(settings)
    parts = Parts.of(settings)
    server = HttpServer(build(parts.gateway(settings)), settings.api_host, settings.api_port)
    watch = Watch(running, parts.probes())
    server.start()
    parts.start()
    watch.start()
    running.readiness.ready("http")
    try:
        while not running.stop.wait(_PERIOD_S):
            parts.check_alive(server.thread, watch.thread)
    finally:
        parts.hub.close()
        server.stop()
        running.stop.set()
        watch.stop()
        parts.stop()
    if watch.fatal is not None:
        raise watch.fatal


def _check_console(settings: ApiSettings) -> None:
    folder = settings.api_console_dir
    if folder is not None and not (folder / "index.html").is_file():
        msg = f"VANTAGE_API_CONSOLE_DIR names {str(folder)!r}, which holds no index.html: build the console or unset it"
        raise NoConsole(msg)
