"""What an unexpected error in one part costs: a line in the log and a count, and nothing of the other parts."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from vantage_ingest import metrics

_log = structlog.get_logger()


@contextmanager
def surviving(part: str) -> Iterator[None]:
    """Log and count an unexpected error: one part's fault must not stop recording."""
    try:
        yield
    except Exception:  # noqa: BLE001  # one part's fault must not stop the others
        metrics.FAULTS.labels(part).inc()
        _log.exception("an unexpected error was survived", part=part)
