"""Follows the files and the clock for as long as the service runs."""

from collections import Counter as Tally
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import structlog

from vantage.clock import Clock
from vantage.errors import Retryable
from vantage.service import Running
from vantage_scheme import metrics
from vantage_scheme.adapters.files import Watched
from vantage_scheme.scheme import Pass, Scheme

_log = structlog.get_logger()
_WAITING = "register"
_PATIENCE_S = 5.0


class Reader(Protocol):
    """What has to be read before anything may be compared with it."""

    def wait_ready(self, timeout_s: float) -> None:
        """Wait so long at most. Raises Retryable."""


def report(done: Pass, said: Mapping[str, tuple[str, ...]] | None = None) -> None:
    """Log what a pass did: each fault, each change, and why a camera is paused unless that was `said` before."""
    for problem in done.problems:
        _log.error("fault in file", problem=str(problem), remedy=problem.remedy)
    for camera in done.cameras:
        _log.info("camera published", camera=camera.camera_id, revision=camera.revision, state=camera.state)
    for rule in done.rules:
        _log.info("rule published", rule=rule.rule_id, version=rule.version, enabled=rule.enabled)
    for camera_id, reasons in done.paused.items():
        if (said or {}).get(camera_id) != reasons:
            _log.warning("camera paused", camera=camera_id, reasons=list(reasons))


class Follower:
    """Publishes when a file changes and when time changes what may record; keeps on where the log is away."""

    def __init__(self, scheme: Scheme, files: list[Path], clock: Clock, running: Running) -> None:
        self._scheme = scheme
        self._watched = Watched(files)
        self._clock = clock
        self._running = running
        self._reread = True
        self._due_us: int | None = None
        self._said: Mapping[str, tuple[str, ...]] = {}
        running.readiness.waiting(_WAITING, "reading what is published")

    def wait_for(self, register: Reader) -> None:
        """Wait, saying so, until what is published was read, or the service is told to stop."""
        while not self._running.stop.is_set():
            try:
                register.wait_ready(_PATIENCE_S)
            except Retryable as error:
                self._say_waiting(error)
            else:
                return

    def run(self, poll_s: float) -> None:
        """Look every `poll_s` seconds until the service is told to stop."""
        while not self._running.stop.is_set():
            self.look()
            self._running.stop.wait(poll_s)

    def look(self) -> None:
        """One look at files and clock."""
        self._reread |= self._watched.settled_change()
        due = self._due_us is not None and self._clock.now_us() >= self._due_us
        if not self._reread and not due:
            return
        try:
            done = self._scheme.read_and_publish() if self._reread else self._scheme.publish_due()
        except Retryable as error:
            self._say_waiting(error)
            return
        self._settle(done)

    def _say_waiting(self, error: Retryable) -> None:
        self._running.readiness.waiting(_WAITING, str(error))
        _log.warning("publishing waits", reason=str(error))

    def _settle(self, done: Pass) -> None:
        report(done, self._said)
        if self._reread:
            metrics.PROBLEMS.set(len(done.problems))
        self._reread, self._due_us, self._said = False, done.due_us, done.paused
        metrics.NEXT_EXPIRY.set((done.due_us or 0) / 1_000_000)
        states = Tally(camera.state for camera in self._scheme.published_cameras().values())
        for state in ("recording", "paused", "retired"):
            metrics.CAMERAS.labels(state).set(states[state])
        self._running.readiness.ready(_WAITING)
