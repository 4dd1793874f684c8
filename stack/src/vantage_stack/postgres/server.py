"""The server: loopback only, passwords made for this stack, ended by a fast shutdown."""

import os
import secrets
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from vantage_stack.fetch import Step
from vantage_stack.part import Site
from vantage_stack.ports import HOST
from vantage_stack.postgres.place import own_folder, postgres_user, programs
from vantage_stack.postgres.roles import Address, make_roles
from vantage_stack.process import ManagedProcess

_READY_S = 60.0
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "log_timezone": "UTC",
}
_INITDB = (
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-sync",  # a power cut during set-up costs a stack that nobody has used yet
    "--no-instructions",
)


class Postgres:
    """One server with Vantage's roles and schemas."""

    name = "postgres"
    steps: Sequence[Step] = ()

    def __init__(self, site: Site) -> None:
        self._site = site
        self._address = Address(HOST, site.ports.free(), secrets.token_urlsafe(24))
        self._user = postgres_user()
        self._folder: Path | None = None
        self._server: ManagedProcess | None = None
        self.dsns: Mapping[str, str] = {}
        """The DSN of each service's role, by the service's name; after the start."""

    @property
    def dsn(self) -> str:
        """The administrator's."""
        return self._address.dsn()

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The server, once it was started."""
        return [self._server] if self._server else []

    def environment(self) -> Mapping[str, str]:
        """Nothing for all: each service is given the DSN of its own role."""
        return {}

    def start(self) -> None:
        """Make a database cluster where there is none, start the server, and make roles and schemas."""
        home = programs(self._user)
        if not self._folder:
            self._folder = own_folder(self._site.folder, self._user)
            self._initialise(home, self._folder)
        options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        argv: list[str | Path] = [
            home / "bin" / "postgres",
            "-D",
            self._folder / "data",
            "-p",
            str(self._address.port),
            *options,
        ]
        self._server = self._process(self.name, argv)
        self._server.start()
        self._server.wait_ready(self._answers, _READY_S)
        self.dsns = self.dsns or make_roles(self._address)

    def stop(self) -> None:
        """Stop it, cutting what is still connected."""
        if self._server:
            self._server.stop()

    def _initialise(self, home: Path, folder: Path) -> None:
        """Run initdb; it reads the password from a file, so that no list of processes shows it."""
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._address.password)
        if self._user:
            os.chown(password, self._user.uid, self._user.gid)
        argv: list[str | Path] = [home / "bin" / "initdb", "-D", folder / "data", f"--pwfile={password}", *_INITDB]
        try:
            self._process("initdb", argv).run(_READY_S)
        finally:
            password.unlink()

    def _process(self, name: str, argv: Sequence[str | Path]) -> ManagedProcess:
        return ManagedProcess(
            name, argv, log=self._site.log, folder=self._folder, user=self._user, stop_signal=signal.SIGINT
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address.dsn(database="postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
