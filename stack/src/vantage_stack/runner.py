"""One replica of a service: its process, its health endpoint, and how often it was restarted."""

import os
import time
from collections.abc import Mapping

import httpx

from vantage_stack.errors import PartFailed
from vantage_stack.ports import HOST
from vantage_stack.process import ManagedProcess
from vantage_stack.service import Service
from vantage_stack.stack import Stack

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
_WRONG_SETTING = 78
_STEADY_S = 60.0
"""One that ran for so long has its earlier restarts forgiven."""


class Runner:
    """One replica of one service: its process, and the count of its restarts in a row."""

    def __init__(self, service: Service, stack: Stack, settings: Mapping[str, str], replica: int) -> None:
        self.name = service.name if replica == 0 else f"{service.name}-{replica}"
        self._port = stack.ports.free()
        state = stack.home.part(f"service-{self.name}")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VANTAGE_")}
        self._environment = (
            inherited
            | dict(settings)
            | {
                "VANTAGE_REPLICA": f"{service.name}-{replica}",
                "VANTAGE_STATE_DIR": str(state),
                "VANTAGE_HEALTH_PORT": str(self._port),
            }
        )
        self._argv = service.argv
        self._log = stack.home.log(self.name)
        self._client = httpx.Client(base_url=f"http://{HOST}:{self._port}", timeout=2, trust_env=False)
        self._since = 0.0
        self._process: ManagedProcess | None = None
        self.restarts = 0
        """How often in a row it ended by itself."""
        self.wanted = False
        """Whether it is to run."""
        self.due = 0.0
        """When it is to be started again, on the monotonic clock; 0 while that has not been decided."""

    @property
    def program(self) -> ManagedProcess:
        """Its process. Raises PartFailed where it was never started."""
        if self._process is None:
            msg = f"{self.name} has not been started"
            raise PartFailed(msg)
        return self._process

    @property
    def ended(self) -> bool:
        """Whether it has ended though it is wanted."""
        return self.wanted and not self.program.running

    @property
    def misconfigured(self) -> bool:
        """Whether it ended because a setting is wrong: starting it again cannot help."""
        return self.program.exit_code == _WRONG_SETTING

    def start(self) -> None:
        """Start it; it is not ready yet."""
        process = ManagedProcess(self.name, self._argv, log=self._log, environment=self._environment)
        process.start()
        self._process = process
        self.wanted, self.due, self._since = True, 0.0, time.monotonic()

    def stop(self) -> None:
        """Stop it and leave it stopped."""
        self.wanted = False
        if self._process:
            self._process.stop()

    def reason(self) -> str:
        """How it ended and, unless it was killed, the last that it logged."""
        how = self.program.how_it_ended()
        last = self.program.log_tail(1)
        return f"{how}; its last line: {last[0]}" if last and "SIGKILL" not in how else how

    def waiting_for(self) -> list[str]:
        """What it says it is waiting for; empty when it is ready."""
        try:
            answer = self._client.get("/readyz")
        except httpx.TransportError:
            return ["its health endpoint does not answer yet"]
        return [] if answer.status_code == httpx.codes.OK else [str(reason) for reason in answer.json()["waiting"]]

    def metrics(self) -> str:
        """Its metrics, in Prometheus' text format."""
        return self._client.get("/metrics").text

    def next_pause_s(self) -> float:
        """Decide when it is started again: after a pause that grows, and is short again after a steady run."""
        now = time.monotonic()
        if now - self._since > _STEADY_S:
            self.restarts = 0
        self.restarts += 1
        pause_s = min(_FIRST_PAUSE_S * 2.0 ** (self.restarts - 1), _LONGEST_PAUSE_S)
        self.due = now + pause_s
        return pause_s
