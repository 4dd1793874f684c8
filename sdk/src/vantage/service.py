"""How a service runs: logs, signals, health, telemetry, and one clear line when it cannot begin."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from vantage.errors import Retryable, StartupError, VantageError
from vantage.health import HealthServer, Readiness
from vantage.settings import ProcessSettings
from vantage.telemetry import start_telemetry

S = TypeVar("S", bound=ProcessSettings)

EXIT_UNAVAILABLE = 69
EXIT_SOFTWARE = 70
_ASK_AGAIN_S = 2.0


@dataclass
class Running:
    """What a running service is given: when to stop, and where to say whether it is ready."""

    stop: threading.Event = field(default_factory=threading.Event)
    readiness: Readiness = field(default_factory=Readiness)

    def wait_for(self, part: str, call: Callable[[], object]) -> bool:
        """Call until it raises no Retryable, with a line a try and the reason in the readiness, as a service does at
        its start with a part that is away; false when told to stop meanwhile.
        """
        self.readiness.waiting(part, "it was not asked yet")
        while not self.stop.is_set():
            try:
                call()
            except Retryable as error:
                self.readiness.waiting(part, str(error))
                structlog.get_logger().warning(f"waiting for the {part}", reason=str(error))
                self.stop.wait(_ASK_AGAIN_S)
            else:
                self.readiness.ready(part)
                return True
        return False


def run_service(name: str, settings: type[S], main: Callable[[S, Running], None]) -> None:
    """Run `main` until it returns or a signal sets `stop`; exit with 0, or with a line and a code that say why.

    78 is a wrong setting, 69 a part that is away, 70 a fault of the program or its deployment (sysexits.h). A second
    signal changes nothing: a stop is bounded by itself, and supervisors and terminals like to send two.
    """
    start_logging(name)
    try:
        _run(name, settings.load(), main)
    except StartupError as error:
        _fail(name, error, error.exit_code)
    except Retryable as error:
        _fail(name, error, EXIT_UNAVAILABLE)
    except VantageError as error:
        _fail(name, error, EXIT_SOFTWARE)
    except Exception:  # noqa: BLE001  # its trace belongs on one line of the log, like everything else
        structlog.get_logger().exception("a fault of the program ends it")
        sys.exit(EXIT_SOFTWARE)


def _run(name: str, settings: S, main: Callable[[S, Running], None]) -> None:
    start_logging(name, settings.log_level)
    running = Running()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop.set())
    health = HealthServer(settings.health_host, settings.health_port, running.readiness)
    health.start()
    telemetry = start_telemetry(f"vantage-{name}", settings.cell_id, settings.otlp_endpoint)
    try:
        main(settings, running)
    finally:
        health.stop()
        if telemetry is not None:
            telemetry.shutdown()


def start_logging(name: str, level: str = "info") -> None:
    """One JSON object a line on standard error, with the service's name."""
    if not any(isinstance(handler, _Forward) for handler in logging.root.handlers):
        logging.root.addHandler(_Forward())
    structlog.configure(
        processors=[
            _named(name),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # whatever it is when the line is written
        cache_logger_on_first_use=False,
    )


class _Forward(logging.Handler):
    """What a library says by the standard's logging, from a warning on, as a line like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)


def _named(name: str) -> Processor:
    """Put the service's name on each line, in whatever thread it is logged."""

    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = name
        return event

    return add


def _fail(name: str, error: Exception, code: int) -> None:
    for line in str(error).splitlines():
        sys.stderr.write(f"vantage-{name}: {line}\n")
    sys.exit(code)
