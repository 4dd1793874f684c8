"""The endpoint that a cluster asks: alive (/healthz), ready (/readyz), and the figures (/metrics)."""

import json
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from vantage.errors import StartupError

_log = structlog.get_logger()
_BEGINNING = "service"


class Readiness:
    """Named conditions that must all hold before work may be sent here; each false one says why."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = {_BEGINNING: "it begins"}  # no probe is to find ready what has not said a word

    def waiting(self, part: str, reason: str) -> None:
        """Say that a part is not ready, and why."""
        with self._lock:
            self._waiting.pop(_BEGINNING, None)
            self._waiting[part] = reason

    def ready(self, part: str) -> None:
        """Say that a part is ready."""
        with self._lock:
            self._waiting.pop(_BEGINNING, None)
            self._waiting.pop(part, None)

    def reasons(self) -> Mapping[str, str]:
        """What is waited for; empty when ready, and not before the service has said anything."""
        with self._lock:
            return dict(self._waiting)


class HealthServer:
    """A small HTTP server in a thread of its own, so that it answers while the service works."""

    def __init__(self, host: str, port: int, readiness: Readiness) -> None:
        try:
            self._server = _Server((host, port), _handler(readiness))
        except OSError as error:
            msg = (
                f"the health endpoint cannot listen on {host}:{port}: {error.strerror}; free the port or set "
                "VANTAGE_HEALTH_PORT to another (0 takes any)"
            )
            raise StartupError(msg) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        _log.info("health endpoint listens", port=self.port)

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what is a fault here; a probe that hangs up early is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(readiness: Readiness) -> type[BaseHTTPRequestHandler]:
    def metrics() -> tuple[int, str, bytes]:
        return 200, CONTENT_TYPE_LATEST, generate_latest(REGISTRY)

    def healthz() -> tuple[int, str, bytes]:
        return 200, "text/plain", b"ok\n"

    def readyz() -> tuple[int, str, bytes]:
        reasons = readiness.reasons()
        return 503 if reasons else 200, "application/json", json.dumps({"waiting": reasons}).encode()

    routes: dict[str, Callable[[], tuple[int, str, bytes]]] = {
        "/metrics": metrics,
        "/healthz": healthz,
        "/readyz": readyz,
    }

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # a client that says nothing must not keep a thread

        def do_GET(self) -> None:
            route = routes.get(self.path.partition("?")[0])
            status, kind, body = route() if route else (404, "text/plain", b"use /healthz, /readyz or /metrics\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep quiet: a probe every second is no news."""

    return Handler
