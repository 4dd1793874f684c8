"""The HTTP server in a thread of its own, beside the index's loop and the chores."""

import asyncio
import socket
import threading
from typing import Self

import structlog
import uvicorn
from starlette.types import ASGIApp

from vantage.errors import StartupError

_log = structlog.get_logger()
_DRAIN_S = 3
_MOST_REQUESTS = 64  # one gateway asks; more at once is a fault there


class HttpServer:
    """Has its port as soon as it is made, so that a wrong one ends the start; answers once it is started."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    def start(self, app: ASGIApp) -> None:
        """Begin to answer; until then whoever connects is refused."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_REQUESTS,
            timeout_graceful_shutdown=_DRAIN_S,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        self._server = server
        self._socket.listen()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[self._socket])), name="storage-http", daemon=True
        )
        self._thread.start()
        _log.info("the commands' port listens", port=self.port)

    def stop(self) -> None:
        """Let requests end for a few seconds, then cut them off, and free the port. It may be called twice."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_DRAIN_S + 3)
        self._socket.close()


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # accepted sockets inherit it; without it the body waits about 40 ms for the acknowledgement of the headers
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        msg = (
            f"storage cannot listen for commands on {host}:{port}: {error.strerror or error}; free the port or set "
            "VANTAGE_STORAGE_API_PORT to another (0 takes any)"
        )
        raise StartupError(msg) from error
    return bound
