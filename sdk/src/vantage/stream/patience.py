"""How long a batch waits for a part that is away, and what cuts the wait short."""

import threading
import time
from collections.abc import Callable
from random import Random
from typing import TypeVar

import structlog

from vantage import metrics
from vantage.errors import Retryable
from vantage.health import Readiness
from vantage.stream.flight import Flight

T = TypeVar("T")
_log = structlog.get_logger()
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0
_LOOK_S = 0.1
_PART = "batch"


class Abandoned(Exception):
    """A batch was given up before its effect was complete: nothing of it is committed, it is handled again."""


class Patience:
    """Calls until it works. A part that is away loses no work: it only delays it."""

    def __init__(self, readiness: Readiness, stop: threading.Event) -> None:
        self._readiness = readiness
        self._stop = stop
        self._random = Random()  # noqa: S311

    def until_it_works(self, flight: Flight, call: Callable[[], T]) -> T:
        """The call's result; a Retryable is waited out, the wait doubling up to ten seconds.

        Raises Abandoned when told to stop, or when the flight's partitions are taken away, instead of waiting on.
        """
        wait = _FIRST_WAIT_S
        while True:
            try:
                result = call()
            except Retryable as error:
                self._say(error, wait)
                if self._cut_short(flight, wait * self._random.uniform(0.5, 1)):
                    raise Abandoned from error
                wait = min(_LONGEST_WAIT_S, wait * 2)
            else:
                self._readiness.ready(_PART)
                return result

    def _say(self, error: Retryable, wait: float) -> None:
        _log.warning("keeping the batch and trying again", reason=str(error), wait_s=round(wait, 1))
        metrics.RETRIES.labels(type(error).__name__).inc()
        self._readiness.waiting(_PART, str(error))

    def _cut_short(self, flight: Flight, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not (cut := self._stop.is_set() or flight.hurry.is_set()) and (left := end - time.monotonic()) > 0:
            self._stop.wait(min(left, _LOOK_S))
        return cut
