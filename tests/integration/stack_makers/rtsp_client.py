"""The least that plays a camera and shows every byte of it: FFmpeg would hide most of what a camera does wrong."""

import hashlib
import re
import socket
import ssl
import struct
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

TIMEOUT_S = 20.0
SENDER_REPORT, GOODBYE = 200, 203
NTP_EPOCH_S = 2_208_988_800


class RtspClient:
    """Plays `url` over TCP from its making on, or over TLS where a file vouches for the camera."""

    def __init__(self, url: str, credential: str, *, trusted: str | None = None) -> None:
        self._url = url
        self._user, _, self._password = credential.partition(":")
        self._number = 0
        self._challenge: tuple[str, str] | None = None
        address = urlsplit(url)
        assert address.hostname is not None
        self._socket: socket.socket = socket.create_connection((address.hostname, address.port or 0), TIMEOUT_S)
        if trusted is not None:
            context = ssl.create_default_context(cafile=trusted)
            self._socket = context.wrap_socket(self._socket, server_hostname=address.hostname)
        self._stream = self._socket.makefile("rb")
        self.ask("DESCRIBE", url)
        self.description = self.ask("DESCRIBE", url)
        answer = self.ask("SETUP", f"{url}/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
        [session] = re.findall(r"Session: ([^;\r]+)", answer)
        self.session = f"Session: {session}\r\n"
        self.ask("PLAY", f"{url}/", self.session)

    def ask(self, method: str, url: str, more: str = "") -> str:
        """Send a request; the answer."""
        self._number += 1
        head = f"{method} {url} RTSP/1.0\r\nCSeq: {self._number}\r\n{self._authorization(method, url)}{more}\r\n"
        self._socket.sendall(head.encode())
        answer = b"".join(iter(self._line, b"\r\n")).decode()
        if length := re.search(r"Content-Length: (\d+)", answer):
            answer += "\r\n" + self._stream.read(int(length[1])).decode()
        if challenge := re.search('Digest realm="([^"]+)", nonce="([^"]+)"', answer):
            self._challenge = (challenge[1], challenge[2])
        else:
            assert answer.startswith("RTSP/1.0 200"), answer
        return answer

    def take(self, count: int) -> bytes:
        """The next bytes as they come; fewer at the end."""
        return self._stream.read(count)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Channel and packet of each frame of the interleaving, to the end of the connection."""
        while len(head := self._stream.read(4)) == 4:
            mark, channel, length = struct.unpack(">cBH", head)
            assert mark == b"$", "the interleaving is broken"
            yield channel, self._stream.read(length)

    def control(self, kind: int) -> Iterator[bytes]:
        """The RTCP messages of this kind."""
        return (packet for channel, packet in self.frames() if channel == 1 and packet[1] == kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def _line(self) -> bytes:
        line = self._stream.readline()
        assert line, "the camera ended the connection"
        return line

    def _authorization(self, method: str, url: str) -> str:
        if self._challenge is None:
            return ""
        realm, nonce = self._challenge
        secret = _md5(f"{self._user}:{realm}:{self._password}")
        response = _md5(f"{secret}:{nonce}:{_md5(f'{method}:{url}')}")
        words = f'username="{self._user}", realm="{realm}", nonce="{nonce}", uri="{url}", response="{response}"'
        return f"Authorization: Digest {words}\r\n"


def reported(message: bytes) -> tuple[int, int]:
    """RTP time stamp and time in microseconds of a sender report."""
    seconds, fraction, stamp = struct.unpack(">III", message[8:20])
    return stamp, (seconds - NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
