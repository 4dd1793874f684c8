"""The stack: real parts on loopback, started side by side when they are first asked for, ended together.

Nothing is restarted silently: a part that ends by itself is reported with the end of its log, and ends the stack.
"""

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from vantage.errors import VantageError
from vantage_stack.cache import Cache
from vantage_stack.cameras.cameras import VirtualCameras
from vantage_stack.custody import Custody, at_rest
from vantage_stack.fetch import Lines, fetch
from vantage_stack.home import Home
from vantage_stack.kafka import Kafka
from vantage_stack.model.model import model_folder
from vantage_stack.oidc.provider import OpenIdProvider
from vantage_stack.part import Part, Site
from vantage_stack.ports import HOST, Ports
from vantage_stack.postgres import Postgres
from vantage_stack.process import ManagedProcess
from vantage_stack.store import store_class

_WATCH_S = 0.25


class Stack:
    """One set of parts on ports and in a folder of its own. Several may run on one machine.

    `cameras` is how many virtual cameras there are, `clips` what they show (the street crossing without any), `store`
    embedded or minio (VANTAGE_STACK_STORE without it), `encrypted` whether the store speaks TLS and a custodian keeps
    keys of objects (VANTAGE_STACK_AT_REST without it).
    """

    def __init__(
        self,
        name: str = "stack",
        *,
        base: Path = Path(".stack"),
        cameras: int = 4,
        clips: Sequence[Path] = (),
        store: str | None = None,
        encrypted: bool | None = None,
        api_port: int = 0,
    ) -> None:
        self.cache = Cache()
        self.home = Home(base, name)
        self.ports = Ports()
        self.api_port = self.ports.take(api_port)
        self.storage_port = self.ports.take(0)
        self.storage_token = secrets.token_urlsafe(32)
        self.kafka = Kafka(self._site("kafka"))
        self.custody = Custody(self.home, self.ports) if at_rest(encrypted) else None
        self.store = store_class(store)(self._site("store"), self.custody.authority if self.custody else None)
        self.postgres = Postgres(self._site("postgres"))
        self.cameras = VirtualCameras(self._site("cameras"), cameras, clips)
        self.oidc = OpenIdProvider(self._site("oidc"), self.api_origin)
        self.parts: Mapping[str, Part] = {
            "kafka": self.kafka,
            "store": self.store,
            "postgres": self.postgres,
            "cameras": self.cameras,
            "oidc": self.oidc,
        }
        self.failure: BaseException | None = None
        """Why the stack has ended by itself, if it has."""
        self._up: list[str] = []
        self._away: set[str] = set()
        self._ended = threading.Event()
        self._changing = threading.RLock()
        self._watcher = threading.Thread(target=self._watch, name="stack-watch", daemon=True)
        self._watcher.start()

    @property
    def up(self) -> Sequence[str]:
        """The names of the parts that are up."""
        return tuple(self._up)

    @property
    def api_origin(self) -> str:
        """Where the gateway of this stack is, or would be: sign-in has to know before it starts."""
        return f"http://{HOST}:{self.api_port}"

    @property
    def model_dir(self) -> Path:
        """The folder with the detector's models."""
        return model_folder(self.cache, lambda _: None)

    def require(self, *names: str) -> None:
        """Start those of the named parts that are not up, side by side; a failure ends the stack and is raised."""
        with self._changing:
            self.check()
            wanted = [name for name in names if name not in self._up]
            fetch([step for name in wanted for step in self.parts[name].steps], self.cache, Lines(terse=True))
            try:
                self._start(wanted)
            except BaseException as error:
                self._fail(error)
                raise
            self._up += wanted

    def environment(self) -> dict[str, str]:
        """The VANTAGE_* settings by which a service finds the parts that are up."""
        settings = {"VANTAGE_CELL_ID": "hk1", "VANTAGE_CAMERA_NETWORKS": "127.0.0.0/8"}  # the virtual cameras'
        for name in self._up:
            settings |= self.parts[name].environment()
        return settings

    def check(self) -> None:
        """Raise what ended the stack, if one did."""
        if self.failure:
            raise self.failure

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until the stack ends, or for so long. Raises PartFailed where a part ended it."""
        self._ended.wait(timeout_s)
        self.check()

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """Kill a part as a power cut would, and start it again on its port and with its state at the end."""
        part = self.parts[name]
        self._away.add(name)
        for process in part.processes:
            process.kill9()
        try:
            yield
        finally:
            part.start()
            self._away.discard(name)

    def close(self) -> None:
        """Stop every part in the opposite order of their start, and remove the state unless a part failed."""
        self._ended.set()
        with self._changing:
            self._stop_parts()
        self._watcher.join()
        self.ports.close()
        self.home.close(keep=isinstance(self.failure, VantageError))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _site(self, name: str) -> Site:
        return Site(self.home.part(name), self.home.log(name), self.ports, self.cache)

    def _start(self, names: Sequence[str]) -> None:
        pool = ThreadPoolExecutor(len(names) or 1, thread_name_prefix="start")
        try:
            for future in as_completed([pool.submit(self.parts[name].start) for name in names]):
                future.result()
        except BaseException:
            self._stop_parts()  # those that are still starting see their program end, and give up
            raise
        finally:
            pool.shutdown()

    def _stop_parts(self) -> None:
        for name in reversed(list(self.parts)):
            self.parts[name].stop()

    def _watch(self) -> None:
        while not self._ended.wait(_WATCH_S):
            for process in self._programs():
                if not process.running and not self.failure:
                    error = process.failure()
                    print(f"stack: {error}", flush=True)
                    self._fail(error)
                    return

    def _programs(self) -> list[ManagedProcess]:
        """Every program that is to run now."""
        return [process for name in list(self._up) if name not in self._away for process in self.parts[name].processes]

    def _fail(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self._stop_parts()
        self._ended.set()
