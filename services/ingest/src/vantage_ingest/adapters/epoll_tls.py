"""A camera's TLS connection (rtsps). Nothing is said in it, above all no password, before the camera is known.

1. It is by the certificate that its source pins, whatever its issuer, name and dates;
2. Else by an authority of VANTAGE_INGEST_CAMERA_CA, for the host as it is written;
3. Else it is not trusted, and the error has the certificate's SHA-256, to be compared at the camera and pinned.
"""

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

from vantage_ingest.adapters.epoll_tcp import TcpLine
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.ends import EndCause
from vantage_ingest.errors import StreamEnded


class Trust:
    """How cameras' certificates are checked. `authorities` is a file of PEM certificates."""

    def __init__(self, authorities: Path | None) -> None:
        self._unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._unchecked.check_hostname = False
        self._unchecked.verify_mode = ssl.CERT_NONE
        self._checked = ssl.create_default_context(cafile=authorities) if authorities else None

    def context(self, certificate: str | None, *, learn: bool) -> ssl.SSLContext:
        """The context for a camera with this pinned certificate, or only to `learn` which one it has."""
        return self._unchecked if certificate or learn or self._checked is None else self._checked

    def allow(self, found: bytes, certificate: str | None, context: ssl.SSLContext) -> None:
        """Raises StreamEnded unless this certificate (DER) is the pinned one, or its authority was checked."""
        if context is self._checked:
            return
        fingerprint = hashlib.sha256(found).hexdigest()
        if certificate is None:
            raise StreamEnded(EndCause.UNTRUSTED, f"its certificate has SHA-256 {fingerprint}")
        if certificate.replace(":", "").lower() != fingerprint:
            raise StreamEnded(
                EndCause.UNTRUSTED, f"its certificate is not the one of its source, it has SHA-256 {fingerprint}"
            )


class Unverified(Exception):
    """No authority of ours vouches for the certificate, which therefore was not shown to us."""


class TlsLine(TcpLine):
    """The same in TLS. `host` is the name that the certificate must have where an authority is asked."""

    def __init__(
        self,
        loop: Loop,
        ip: str,
        port: int,
        handler: Callable[[], None],
        number: int,
        *,
        host: str,
        trust: Trust,
        certificate: str | None,
        learn: bool = False,
    ) -> None:
        super().__init__(loop, ip, port, handler, number)
        self._host = host
        self._trust = trust
        self._certificate = certificate
        self._context = trust.context(certificate, learn=learn)
        self._tls: ssl.SSLSocket | None = None

    def ready(self) -> bool:
        """Whether it is connected and the camera is known. Raises Unverified as well."""
        if self._tls is None:
            super().ready()
            self._tls = self._context.wrap_socket(
                self._socket, server_hostname=self._host, do_handshake_on_connect=False
            )
            self._socket = self._tls
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._watch(write=False)
            return False
        except ssl.SSLWantWriteError:
            self._watch(write=True)
            return False
        except ssl.SSLCertVerificationError:
            raise Unverified from None
        except OSError as error:
            raise StreamEnded(EndCause.SILENT, f"TLS failed: {_reason(error)}") from None
        self._trust.allow(self._tls.getpeercert(binary_form=True) or b"", self._certificate, self._context)
        self._watch(write=False)
        return True

    def receive(self, view: memoryview) -> int:
        """As without TLS; all records that came are read, up to the view's length."""
        size = 0
        try:
            while size < len(view):
                got = self._socket.recv_into(view[size:])
                if not got:
                    break
                size += got
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return size or -1
        except OSError as error:
            if not size:
                raise StreamEnded(EndCause.ENDED, _reason(error)) from None
        if not size:
            raise StreamEnded(EndCause.ENDED, "the connection was closed")
        self._loop.call_soon(self._handler)  # what TLS holds already wakes nobody
        return size

    def _write(self, data: bytes) -> int:
        try:
            return self._socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", None) or error.strerror or "the connection broke"
    return str(reason).lower().replace("_", " ")
