"""SeaweedFS in one process: master, volume server, filer and S3 gateway, from its wheel."""

import json
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from vantage.errors import VantageError
from vantage_stack.authority import Authority
from vantage_stack.fetch import Step
from vantage_stack.home import note_elsewhere
from vantage_stack.part import Site
from vantage_stack.ports import HOST, Ports, listens
from vantage_stack.process import ManagedProcess
from vantage_stack.store.access import S3Access

_READY_S = 60.0
_GRACE_S = 1.0
"""It never ends by itself while its own parts hold streams to each other; what it keeps is on disk by then."""
_VOLUME_MB = 1024
_VOLUMES = 10_000
"""Each bucket takes seven of its own with its first object; a session of tests makes hundreds of buckets."""
_PROBE_BUCKET = "stack-probe"
_SERVERS = ("master", "volume", "filer", "s3")


class Seaweed:
    """The embedded store; with an authority its S3 gateway speaks TLS. It is ready when an object can be written and
    read, not when its port opens.
    """

    name = "object store"
    steps: Sequence[Step] = ()

    def __init__(self, site: Site, authority: Authority | None = None) -> None:
        self._site = site
        self._authority = authority
        self._ports = {name: (site.ports.free(), _grpc_port(site.ports)) for name in _SERVERS}
        self.access = S3Access.generate(self._ports["s3"][0], authority)
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
        """Start it and wait until it keeps an object."""
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        self.data.mkdir(exist_ok=True)
        note_elsewhere(self._site.folder, *(socket for _, grpc in self._ports.values() for socket in _sockets(grpc)))
        argv: list[str | Path] = [weed, "-logtostderr=true", "server", *self._options(self.data), *self._tls()]
        self._server = ManagedProcess(self.name, argv, log=self._site.log, folder=self._site.folder, grace_s=_GRACE_S)
        self._server.start()
        self._server.wait_ready(self._keeps, _READY_S)

    def stop(self) -> None:
        """Stop it."""
        if self._server:
            self._server.stop()

    def _options(self, data: Path) -> list[str]:
        http_and_grpc = [
            f"-{name}.{kind}={port}"
            for name, pair in self._ports.items()
            for kind, port in zip(("port", "port.grpc"), pair, strict=True)
        ]
        return [
            f"-dir={data}",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            *http_and_grpc,
            "-s3",
            f"-s3.config={self._write_identities()}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.iam=false",
            "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",  # a master that comes back elects itself, after this long
            f"-master.volumeSizeLimitMB={_VOLUME_MB}",
            f"-volume.max={_VOLUMES}",
            "-volume.preStopSeconds=0",
            "-filer.localSocket=filer.sock",
            "-s3.localSocket=s3.sock",
        ]

    def _tls(self) -> list[str]:
        if not self._authority:
            return []
        return [f"-s3.cert.file={self._authority.certificate}", f"-s3.key.file={self._authority.private_key}"]

    def _write_identities(self) -> Path:
        """The S3 gateway's users: one, with the stack's own keys; anonymous calls are refused."""
        keys = {"accessKey": self.access.access_key, "secretKey": self.access.secret_key}
        identity = {"name": "vantage", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        path = self._site.folder / "s3.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"identities": [identity]}))
        return path

    def _keeps(self) -> bool:
        if not all(listens(http) for http, _ in self._ports.values()):
            return False
        store = self.access.open()
        try:
            store.ensure_bucket(_PROBE_BUCKET)
            store.put(_PROBE_BUCKET, "probe", b"kept")
            return store.get(_PROBE_BUCKET, "probe") == b"kept"
        except VantageError:
            return False


def _sockets(port: int) -> list[Path]:
    """Where its servers put their sockets beside a gRPC port, whatever the settings say; they are never removed."""
    return [Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock") for name in _SERVERS]  # noqa: S108


def _grpc_port(ports: Ports) -> int:
    """A free port beside which no socket was left: one that is another user's cannot be replaced."""
    port = ports.free()
    return _grpc_port(ports) if any(socket.exists() for socket in _sockets(port)) else port
