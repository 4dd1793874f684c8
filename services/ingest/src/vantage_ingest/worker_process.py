"""A worker as its supervisor sees it: started, listened to, ended where it hangs, and started again where it died."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

import structlog

from vantage.clock import Clock
from vantage_ingest.adapters.crash_notes import culprit
from vantage_ingest.channel import Channel
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.placement import Slot
from vantage_ingest.errors import ChannelClosed
from vantage_ingest.fleet import Orders
from vantage_ingest.orders import Beat, Done, Duties, Order, Recovered, Report, Stop

COMMAND = (sys.executable, "-P", "-m", "vantage_ingest", "worker")
_ABORT_S = 5.0
_STEADY_S = 60.0
_HEAP = {"MALLOC_TRIM_THRESHOLD_": str(256 << 20), "MALLOC_TOP_PAD_": str(64 << 20)}
"""Pictures come and go by the megabyte: glibc's giving memory back at once, and asking for it again, would cost a
worker more than unpacking them does.
"""
_log = structlog.get_logger()
State = Literal["down", "starting", "up", "stopping"]


@dataclass(frozen=True)
class Death:
    """How a worker ended that should not have: in words, and the number of the camera that it died of, or 0."""

    how: str
    culprit: int


@dataclass
class Launch:
    """How workers are started. `core` is what a slot's process is to stay on."""

    clock: Clock
    state_dir: Path
    hang_s: float
    command: Sequence[str] = COMMAND
    cores: Mapping[str, int] = field(default_factory=dict)


class WorkerProcess:
    """One slot's process, again and again. `turn` is called many times a second and never waits."""

    def __init__(self, slot: Slot, launch: Launch) -> None:
        self.slot = slot
        self.state: State = "down"
        self.done = -1
        self.beat = Beat(lag=0.0, spooled=1)
        self._launch = launch
        self._folder = launch.state_dir / "workers" / slot.name
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel[Report] | None = None
        self._backoff = Backoff(0.5, 30.0, Random().random)  # noqa: S311
        self._start_at = 0.0
        self._started = 0.0
        self._heard = 0.0
        self._aborted = 0.0
        self._sent: Duties | None = None
        self._serial = 0

    @property
    def name(self) -> str:
        """The slot's name."""
        return self.slot.name

    @property
    def pid(self) -> int:
        """Its process; 0 where it has none."""
        return self._process.pid if self._process else 0

    def turn(self) -> tuple[list[Report], Death | None]:
        """Start it where it is due, hear it, and see whether it lives."""
        now = self._launch.clock.monotonic()
        if self.state == "down":
            if now >= self._start_at:
                self._start(now)
            return [], None
        reports = self._hear(now)
        death = self._died(now) if self._process is not None and self._process.poll() is not None else None
        if death is None:
            self._watch(now)
        return reports, death

    def give(self, orders: Orders, spool_bytes: int) -> int | None:
        """Tell it what to read, where that is new; gives the serial under which it was told, or None where it cannot
        hear now.
        """
        if self.state != "up" or self._channel is None or not self._channel.idle:
            return None
        sent = self._sent
        if sent is None or sent.duties != orders.duties or sent.spool_bytes != spool_bytes:
            self._serial += 1
            self._sent = Duties(
                serial=self._serial, duties=orders.duties, leaving=orders.leaving, spool_bytes=spool_bytes
            )
            self._tell(self._sent)
        return self._serial

    @property
    def empty(self) -> bool:
        """Whether it was told to read nothing, and does."""
        return self._sent is not None and not self._sent.duties and self.done == self._sent.serial

    @property
    def finished(self) -> bool:
        """Whether it ended because it was asked to."""
        return self._start_at == float("inf")

    def stop(self, order: Stop) -> None:
        """Ask it to finish."""
        if self.state in ("starting", "up"):
            self.state = "stopping"
            self._tell(order)
        elif self.state == "down":
            self._start_at = float("inf")

    @property
    def ended(self) -> bool:
        """Whether no process is left."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it without more ado."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _start(self, now: float) -> None:
        ours, theirs = socket.socketpair()
        command = [*self._launch.command, "--slot", self.name, "--channel", str(theirs.fileno())]
        if (core := self._launch.cores.get(self.name)) is not None:
            command += ["--core", str(core)]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=_HEAP | os.environ,
            )
        self._channel = Channel(ours, Report)
        self.state, self.done, self._sent = "starting", -1, None
        self._started = self._heard = now
        self._aborted = 0.0

    def _hear(self, now: float) -> list[Report]:
        reports: list[Report] = []
        if self._channel is not None:
            with suppress(ChannelClosed):
                self._channel.flush()
                reports = self._channel.receive()
        for report in reports:
            self._note(report, now)
        return reports

    def _note(self, report: Report, now: float) -> None:
        if isinstance(report, Beat):
            self.beat, self._heard = report, now
        elif isinstance(report, Recovered):
            self.done = 0
            self.state = "up" if self.state == "starting" else self.state
        elif isinstance(report, Done):
            self.done = report.serial

    def _watch(self, now: float) -> None:
        """End a process that shows no sign of life: first so that it says where it hangs, then for certain."""
        if self._process is None or self.state == "stopping":
            return
        if not self._aborted and now - self._heard > self._launch.hang_s:
            _log.error("a worker hangs and is ended", worker=self.name, silent_s=round(now - self._heard, 1))
            self._process.send_signal(signal.SIGABRT)
            self._aborted = now
        elif self._aborted and now - self._aborted > _ABORT_S:
            self._process.send_signal(signal.SIGKILL)

    def _died(self, now: float) -> Death | None:
        code = self._process.returncode if self._process else 0
        if self._channel is not None:
            self._channel.close()
        self._channel = self._process = None
        expected, self.state = self.state == "stopping", "down"
        self.done = -1
        if expected:
            self._start_at = float("inf")
            return None
        if now - self._started > _STEADY_S:
            self._backoff.reset()
        self._start_at = now + self._backoff.next()
        hung = "it hung and was ended, " if self._aborted else ""
        return Death(f"{hung}{_how(code)}", culprit(self._folder))

    def _tell(self, order: Order) -> None:
        if self._channel is not None:
            with suppress(ChannelClosed):
                self._channel.send(order)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
