"""Looks at each part every few seconds, and says in the readiness and in one line of the log which is away and why."""

import threading
from collections.abc import Callable, Mapping

import structlog

from vantage.errors import StartupError, VantageError
from vantage.service import Running

_log = structlog.get_logger()
Probe = Callable[[], None]
"""Returns where the part is there. Raises VantageError, StartupError where no waiting will help."""


class Watch:
    """Probes in a thread of its own: a part that is away takes its time to say so."""

    def __init__(self, running: Running, probes: Mapping[str, Probe], period_s: float = 3.0) -> None:
        self._running = running
        self._probes = probes
        self._period_s = period_s
        self._away: set[str] = set()
        self.fatal: StartupError | None = None
        self.thread = threading.Thread(target=self._run, name="api-watch", daemon=True)
        for part in probes:
            running.readiness.waiting(part, "not looked at yet")

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def look(self) -> None:
        """One look at every part."""
        for part, probe in self._probes.items():
            if not self._running.stop.is_set():
                self._look_at(part, probe)

    def _run(self) -> None:
        while not self._running.stop.is_set() and self.fatal is None:
            self.look()
            self._running.stop.wait(self._period_s)

    def _look_at(self, part: str, probe: Probe) -> None:
        try:
            probe()
        except StartupError as error:
            self.fatal = error
            self._running.stop.set()
        except VantageError as error:
            self._away.add(part)
            self._running.readiness.waiting(part, str(error))
            _log.warning("waiting for a part, the rest goes on", part=part, reason=str(error))
        else:
            self._running.readiness.ready(part)
            if part in self._away:
                self._away.remove(part)
                _log.info("a part is back", part=part)
