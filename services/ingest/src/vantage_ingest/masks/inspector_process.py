"""The inspector as its supervisor sees it: started when a camera has masks, and started again where it died."""

import subprocess
import sys
from collections.abc import Sequence
from random import Random

import structlog

from vantage.clock import Clock
from vantage_ingest.domain.backoff import Backoff

COMMAND = (sys.executable, "-m", "vantage_ingest", "inspector")
_STEADY_S = 60.0
_log = structlog.get_logger()


class InspectorProcess:
    """The process, again and again. `turn` never waits. It is no child that must be asked to end: it keeps nothing."""

    def __init__(self, clock: Clock, command: Sequence[str] = COMMAND) -> None:
        self._clock = clock
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._backoff = Backoff(0.5, 30.0, Random().random)  # noqa: S311
        self._started = self._start_at = 0.0

    @property
    def pid(self) -> int:
        """Its process; 0 where it has none."""
        return self._process.pid if self._process else 0

    def turn(self, *, needed: bool) -> None:
        """Start it where it is needed and not there."""
        now = self._clock.monotonic()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            if now - self._started > _STEADY_S:
                self._backoff.reset()
            self._start_at = now + self._backoff.next()
            _log.error("the inspector of masks ended and is started again", code=code)
        if self._process is None and needed and now >= self._start_at:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, start_new_session=True)
            self._started = now

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
