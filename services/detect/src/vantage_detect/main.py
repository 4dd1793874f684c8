"""The entry points of detect."""

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from vantage.clock import SystemClock
from vantage.contracts import Camera
from vantage.errors import BrokerUnavailable, ObjectMissing, StartupError, StoreRefused, StoreUnavailable
from vantage.objects import S3ObjectStore
from vantage.publish import Publisher
from vantage.service import Running, run_service
from vantage.stream import LoopOptions, StreamLoop
from vantage.table import Table
from vantage_detect.adapters.desired import DesiredRates
from vantage_detect.adapters.network import load_networks
from vantage_detect.adapters.packs import Packs
from vantage_detect.analyser import Analyser
from vantage_detect.domain.freshness import Freshness
from vantage_detect.errors import Unusable
from vantage_detect.following import Following
from vantage_detect.handler import DetectHandler
from vantage_detect.looker import Looker
from vantage_detect.profile import profile_clip
from vantage_detect.settings import DetectSettings

_log = structlog.get_logger()
app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

_BATCH = 2000
"""As many as may wait at once for the newest to be among them; the work is bounded by time, not by their number."""
_PATIENCE_S = 3.0
_LIVE = "live"


@app.command()
def profile(
    clip: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Any video file.")],
    model_dir: Annotated[Path, typer.Option(envvar="VANTAGE_DETECT_MODEL_DIR", help="Folder of the networks.")],
    seconds: Annotated[int, typer.Option(min=1, help="How much of the clip.")] = 10,
    rate: Annotated[float, typer.Option(min=0.1, max=25, help="Looks a second.")] = 5.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of one inference.")] = 1,
) -> None:
    """Say where the time of one fragment goes, by the whole way from bytes to messages on this machine."""
    try:
        typer.echo(profile_clip(clip, load_networks(model_dir, threads), seconds, rate))
    except (StartupError, Unusable) as error:
        sys.exit(f"vantage-detect: {error}")


@app.command()
def run() -> None:
    """Look at fragments until told to stop."""
    run_service("detect", DetectSettings, _run)


def main() -> None:
    """The console script."""
    app()


def _run(settings: DetectSettings, running: Running) -> None:
    networks = load_networks(settings.detect_model_dir, settings.detect_threads)
    store = S3ObjectStore.from_settings(settings)
    cameras = Table(settings, "cameras.v1", Camera).start()
    packs = Packs(store)
    try:
        if not (_wait_for_cameras(cameras, running) and _wait_for_store(store, running)):
            return
        looker = Looker(
            packs,
            Analyser(networks),
            DesiredRates(cameras, settings.detect_rate),
            freshness=Freshness(_us(settings.detect_stale_seconds), _us(settings.detect_batch_seconds)),
            clock=SystemClock(),
            stop=running.stop,
        )
        following = Following(_us(settings.detect_lost_seconds), SystemClock())
        _loop(settings, running, DetectHandler(looker, following)).run()
    finally:
        packs.stop()
        cameras.stop()


def _loop(settings: DetectSettings, running: Running, handler: DetectHandler) -> StreamLoop:
    return StreamLoop(
        settings,
        "detect",
        ["fragments.v1"],
        handler,
        Publisher.from_settings(settings, "detect"),
        stop=running.stop,
        readiness=running.readiness,
        options=LoopOptions(batch_size=_BATCH, group=settings.detect_group),
    )


def _wait_for_cameras(cameras: Table[Camera], running: Running) -> bool:
    """Wait until cameras.v1 was read, saying so; false when told to stop meanwhile."""
    running.readiness.waiting("cameras", "reading cameras.v1")
    while not running.stop.is_set():
        try:
            cameras.wait_ready(_PATIENCE_S)
        except BrokerUnavailable as error:
            _say_waiting(running, "cameras", f"{error}; is Kafka running there, with its topics?")
        else:
            running.readiness.ready("cameras")
            return True
    return False


def _wait_for_store(store: S3ObjectStore, running: Running) -> bool:
    """Wait until the object store answers, saying so; false when told to stop meanwhile. Raises StartupError."""
    while not running.stop.is_set():
        try:
            store.stat(_LIVE, "anything")
        except ObjectMissing:
            break
        except StoreUnavailable as error:
            _say_waiting(running, "store", str(error))
            running.stop.wait(_PATIENCE_S)
        except StoreRefused as error:
            raise StartupError(str(error)) from error
        else:
            break
    running.readiness.ready("store")
    return not running.stop.is_set()


def _say_waiting(running: Running, part: str, reason: str) -> None:
    running.readiness.waiting(part, reason)
    _log.warning("detect waits", part=part, reason=reason)


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
