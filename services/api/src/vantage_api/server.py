"""The HTTP server in a thread of its own, so that the main thread keeps the signals and a stop takes seconds."""

import asyncio
import socket
import threading

import structlog
import uvicorn
from starlette.types import ASGIApp

from vantage_api.errors import PortTaken

_log = structlog.get_logger()
_DRAIN_S = 5
_START_S = 10.0
_BACKLOG = 1_024


class HttpServer:
    """Listens as soon as it is made, answers once it is started."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_DRAIN_S,
            timeout_keep_alive=30,
            lifespan="on",
        )
        self._server = _Server(config)
        self.thread = threading.Thread(target=self._run, name="api-http", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to answer, and return when the application's event loop runs."""
        port = self.port
        self.thread.start()
        self._server.ready.wait(_START_S)
        _log.info("gateway listens", port=port)

    def stop(self) -> None:
        """Take no more connections, let requests end for a few seconds, then cut them off."""
        self._server.should_exit = True
        self.thread.join(_DRAIN_S + 3)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


class _Server(uvicorn.Server):
    """Says when its event loop and the application on it are ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets=sockets)
        self.ready.set()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        msg = (
            f"the gateway cannot listen on {host}:{port}: {error.strerror or error}; free the port or set "
            "VANTAGE_API_PORT to another (0 takes any)"
        )
        raise PortTaken(msg) from error
    # accepted sockets inherit it; without it the body waits about 40 ms for the acknowledgement of the headers
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
