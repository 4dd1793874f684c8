"""One program of the stack: started in a group of its own, with a log, a probe of readiness, and a certain end."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vantage_stack import guard
from vantage_stack.errors import PartFailed

Probe = Callable[[], bool]
"""Whether the program is ready; must not block for long and must not raise."""

_LOOK_S = 0.05
_TAIL_LINES = 5
_TAIL_BYTES = 8192


@dataclass(frozen=True)
class User:
    """The user that a program runs as, where not the caller's."""

    uid: int
    gid: int


class ManagedProcess:
    """A program that is started, watched and stopped by us; it dies with this process, whatever kills us.

    `environment` is the program's whole environment. `stop_signal` asks it to end; after `grace_s` it is killed.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        user: User | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 10.0,
    ) -> None:
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log = log
        self._environment = dict(os.environ if environment is None else environment)
        self._folder = folder
        self._user = user or User(-1, -1)
        self._stop_signal = stop_signal
        self._grace_s = grace_s
        self._guard: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self._pid = 0

    @property
    def pid(self) -> int:
        """The program's own process id; 0 before the start."""
        return self._pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended: its exit code, or minus the signal's number; None while it runs."""
        return self._guard.poll() if self._guard else None

    def start(self) -> None:
        """Start it; it is not ready yet."""
        ours, theirs = socket.socketpair()
        words = [str(theirs.fileno()), str(self._user.uid), str(self._user.gid), self._program(), *self.argv[1:]]
        with theirs, self.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._folder,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._lifeline = ours
        self._pid = int(ours.recv(32) or b"0")

    def _program(self) -> str:
        """The program's path: looked up here, because its user may not be able to."""
        return shutil.which(self.argv[0], path=self._environment.get("PATH")) or self.argv[0]

    def wait_ready(self, probe: Probe, timeout_s: float) -> None:
        """Wait until the probe says so. Raises PartFailed where it ends first, or is not ready in time."""
        deadline = time.monotonic() + timeout_s
        while not probe():
            if not self.running:
                raise self.failure(when="before it was ready")
            if time.monotonic() > deadline:
                self.stop()
                msg = f"{self.name} was not ready within {timeout_s:g} s and was stopped{self._log_end()}"
                raise PartFailed(msg)
            time.sleep(_LOOK_S)

    def failure(self, *, when: str = "while it was needed") -> PartFailed:
        """The error that says how it ended, with the end of its log."""
        return PartFailed(f"{self.name} ended by itself ({self.how_it_ended()}) {when}{self._log_end()}")

    def how_it_ended(self) -> str:
        """`exit code 1`, `signal SIGKILL`, or `it runs`."""
        code = self.exit_code
        if code is None:
            return "it runs"
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; whether it came in time."""
        if self._guard is None:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._guard.wait(timeout_s)
        return self._guard.poll() is not None

    def run(self, timeout_s: float) -> None:
        """Start it and wait for its good end. Raises PartFailed where it ends otherwise, or not in time."""
        self.start()
        if not self.wait(timeout_s):
            self.stop()
            msg = f"{self.name} did not end within {timeout_s:g} s and was stopped{self._log_end()}"
            raise PartFailed(msg)
        if self.exit_code:
            raise self.failure(when="before its work was done")
        self.stop()

    def stop(self) -> None:
        """Ask it to end, wait, and kill what is left of its group. May be called twice."""
        if self._guard is None or self._lifeline is None:
            return
        if self.running:
            self._guard.send_signal(self._stop_signal)
        if not self.wait(self._grace_s):
            self.kill9()
        self._lifeline.close()

    def kill9(self) -> None:
        """Kill the program and its children at once, as a power cut would; nothing where it does not run."""
        if not (self.running and self._pid):  # group 0 is our own, and the number of one that ended may be another's
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        self.wait(self._grace_s)

    def log_tail(self, lines: int = _TAIL_LINES) -> list[str]:
        """The last lines of its log that are not empty."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()][-lines:]
        return []

    def _log_end(self) -> str:
        tail = "".join(f"\n    {line}" for line in self.log_tail())
        return f"; the end of {self.log}:{tail}" if tail else f"; it logged nothing ({self.log})"
