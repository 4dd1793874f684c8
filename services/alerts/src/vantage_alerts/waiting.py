"""Waiting at the start for a part that is away."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from vantage.errors import Retryable
from vantage.service import Running

_log = structlog.get_logger()
_RETRY_S = 1.0
T = TypeVar("T")


def until_it_works(running: Running, part: str, call: Callable[[], T]) -> T | None:
    """What the call gives, tried until it does, with one line a try; None where the service is told to stop first."""
    running.readiness.waiting(part, "it was not reached yet")
    while not running.stop.is_set():
        try:
            found = call()
        except Retryable as error:
            _log.warning("waiting", part=part, reason=str(error))
            running.readiness.waiting(part, str(error))
            running.stop.wait(_RETRY_S)
        else:
            running.readiness.ready(part)
            return found
    return None
