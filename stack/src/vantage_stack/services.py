"""Runs Vantage's services on a stack: waits until they are ready, and restarts one that ended, loudly, not for ever."""

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from vantage_stack.errors import PartFailed
from vantage_stack.runner import Runner
from vantage_stack.service import SERVICES, Files, Service, wanted, write_credentials
from vantage_stack.stack import Stack

Say = Callable[[str], None]

_READY_S = 120.0
_LOOK_S = 0.1
_RESTARTS = 6


class Services:
    """The services on one stack. `settings` are given to every service, over all others."""

    def __init__(self, stack: Stack, files: Files, *, settings: dict[str, str] | None = None, say: Say = print) -> None:
        self._stack = stack
        self._files = files
        self._settings = settings or {}
        self._say = say
        self._runners: dict[str, Runner] = {}
        self._changing = threading.RLock()
        self._closing = threading.Event()
        self.failure: PartFailed | None = None
        """Why restarting was given up, if it was."""
        self._watcher = threading.Thread(target=self._watch, name="services-watch", daemon=True)
        self._watcher.start()

    def start(self, names: Iterable[str] | None = None, *, replica: int = 0, timeout_s: float = _READY_S) -> None:
        """Start services side by side, all that the stack needs without a name, with the parts they stand on, and wait
        until each is ready.
        """
        chosen = [SERVICES[name] for name in (wanted(self._stack) if names is None else names)]
        self._stack.require(*dict.fromkeys(part for service in chosen for part in service.needs))
        write_credentials(self._files.credentials, self._stack)
        started = []
        for service in chosen:
            settings = self._stack.environment() | self._own(service) | self._settings
            runner = Runner(service, self._stack, settings, replica)
            with self._changing:
                self._runners[runner.name] = runner
                runner.start()
            started.append(runner)
        self._wait_ready(started, timeout_s)

    def _own(self, service: Service) -> dict[str, str]:
        keys = self._stack.custody.environment(service.name) if self._stack.custody else {}
        return {**service.own(self._stack, self._files), **keys}

    def stop(self, *names: str) -> None:
        """Stop services and leave them stopped; the last started first, all of them without a name."""
        with self._changing:
            for name in names or tuple(reversed(self._runners)):
                self._runners[name].stop()

    def kill9(self, name: str) -> None:
        """Kill a service as a power cut would; it is restarted like any that ended."""
        self._runners[name].program.kill9()

    def pid(self, name: str) -> int:
        """The service's process id."""
        return self._runners[name].program.pid

    def runner(self, name: str) -> Runner:
        """The service's runner: its metrics, its restarts."""
        return self._runners[name]

    def check(self) -> None:
        """Raise the PartFailed for which restarting was given up, or the stack ended."""
        self._stack.check()
        if self.failure:
            raise self.failure

    def close(self) -> None:
        """Stop every service."""
        self._closing.set()
        self._watcher.join()
        self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_ready(self, *names: str, timeout_s: float = _READY_S) -> None:
        """Wait until the named services, or all, say that they are ready."""
        self._wait_ready([self._runners[name] for name in names or self._runners], timeout_s)

    def _wait_ready(self, runners: list[Runner], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        for runner in runners:
            while reasons := runner.waiting_for():
                self.check()
                if time.monotonic() > deadline:
                    msg = f"{runner.name} was not ready within {timeout_s:g} s, it waits for: {'; '.join(reasons)}"
                    raise PartFailed(msg)
                time.sleep(_LOOK_S)

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_S):
            with self._changing:
                for runner in self._runners.values():
                    if runner.ended and not self._closing.is_set():
                        self._mend(runner)

    def _mend(self, runner: Runner) -> None:
        """Announce an end once, and start it again when its pause is over; or give up."""
        if runner.due:
            if time.monotonic() >= runner.due:
                runner.start()
            return
        pause_s = runner.next_pause_s()
        if runner.restarts > _RESTARTS or runner.misconfigured:
            runner.wanted = False
            self.failure = runner.program.failure()
            self._say(f"services: {self.failure}\nservices: {runner.name} is not started again")
        else:
            again = f"start {runner.restarts} of at most {_RESTARTS} again in {pause_s:g} s"
            self._say(f"services: {runner.name} ended by itself ({runner.reason()}): {again}")
