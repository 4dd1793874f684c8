"""Looks at each part every few seconds, and says in the readiness and in one line of the log which is away and why."""

import threading
from collections.abc import Callable, Mapping

import structlog

from vantage.errors import StartupError, VantageError
from vantage.service import Running

_log = structlog.get_logger()
_SOON_S = 0.25
_PERIOD_S = 3.0
_PATIENCE_S = 5.0

Probe = Callable[[], None]
"""Returns where the part is there. Raises VantageError, StartupError where no waiting will help."""


class Watch:
    """Probes in a thread of its own: a part that is away takes its time to say so."""

    def __init__(self, running: Running, probes: Mapping[str, Probe]) -> None:
        self._running = running
        self._probes = probes
        self._away: dict[str, str] = {}
        self.fatal: StartupError | None = None
        self.thread = threading.Thread(target=self._run, name="api-watch", daemon=True)
        for part in probes:
            running.readiness.waiting(part, "not looked at yet")

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def stop(self) -> None:
        """Wait a few seconds for the look that is being taken; the service has been told to stop."""
        if self.thread.is_alive():
            self.thread.join(_PATIENCE_S)

    def look(self) -> bool:
        """One look at every part; whether all are there."""
        for part, probe in self._probes.items():
            if not self._running.stop.is_set():
                self._look_at(part, probe)
        return not self._away

    def _run(self) -> None:
        pause_s = _SOON_S
        while not self._running.stop.is_set() and self.fatal is None:
            all_there = self.look()
            pause_s = _PERIOD_S if all_there else min(_PERIOD_S, pause_s * 2)
            self._running.stop.wait(pause_s)

    def _look_at(self, part: str, probe: Probe) -> None:
        try:
            probe()
        except StartupError as error:
            self.fatal = error
            self._running.stop.set()
        except VantageError as error:
            self._say_away(part, str(error))
        else:
            self._running.readiness.ready(part)
            if self._away.pop(part, None) is not None:
                _log.info("a part is back", part=part)

    def _say_away(self, part: str, reason: str) -> None:
        self._running.readiness.waiting(part, reason)
        if self._away.get(part) != reason:
            _log.warning("waiting for a part, the rest goes on", part=part, reason=reason)
        self._away[part] = reason
