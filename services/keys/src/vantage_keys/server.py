"""The HTTP server in a thread of its own: over TLS, or in the clear where nobody but this machine can listen."""

import asyncio
import ipaddress
import socket
import threading

import structlog
import uvicorn
from starlette.types import ASGIApp

from vantage_keys.errors import NotPrivate, PortTaken
from vantage_keys.settings import KeysSettings

_log = structlog.get_logger()
_DRAIN_S = 5
_CONNECTIONS = 500
_BACKLOG = 256


class KeysServer:
    """Listens as soon as it is made, answers once it is started. Raises NotPrivate, PortTaken."""

    def __init__(self, app: ASGIApp, settings: KeysSettings) -> None:
        check_private(settings)
        self._socket = _listen(settings.keys_host, settings.keys_port)
        tls = (settings.keys_certificate, settings.keys_private_key)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_DRAIN_S,
            timeout_keep_alive=75,  # longer than a caller keeps a key, so that asking again costs no handshake
            lifespan="off",
            ssl_certfile=tls[0],
            ssl_keyfile=tls[1],
        )
        try:
            config.load()
        except OSError as error:  # ssl's own errors are of this kind
            msg = f"certificate {tls[0]} and private key {tls[1]} cannot be used: {error.strerror or error}"
            raise NotPrivate(msg) from error
        self._server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self._run, name="keys-http", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to answer."""
        self.thread.start()
        _log.info("custodian listens", port=self.port)

    def stop(self) -> None:
        """Take no more connections, let requests end for a few seconds, then cut them off."""
        self._server.should_exit = True
        self.thread.join(_DRAIN_S + 3)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def check_private(settings: KeysSettings) -> None:
    """Raise NotPrivate where keys would cross a network in the clear."""
    if (settings.keys_certificate is None) != (settings.keys_private_key is None):
        msg = "set both of VANTAGE_KEYS_CERTIFICATE and VANTAGE_KEYS_PRIVATE_KEY, or neither on a loopback address"
        raise NotPrivate(msg)
    if settings.keys_certificate is None and not _is_loopback(settings.keys_host):
        msg = (
            f"VANTAGE_KEYS_HOST is {settings.keys_host!r} and there is no certificate: keys leave this machine over "
            "TLS alone, set VANTAGE_KEYS_CERTIFICATE and VANTAGE_KEYS_PRIVATE_KEY"
        )
        raise NotPrivate(msg)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        msg = (
            f"the custodian cannot listen on {host}:{port}: {error.strerror or error}; free the port or set "
            "VANTAGE_KEYS_PORT to another (0 takes any)"
        )
        raise PortTaken(msg) from error
