"""What a camera says to FFmpeg before it plays, without anything that could lead FFmpeg to another address.

FFmpeg reads leniently: it skips carriage returns, ignores case, takes numbers as C does, and finds a new answer where
the last one's length says that it ends. So the screen looks at the bytes as a whole and not at messages: what FFmpeg
might take for a redirect, read in whatever way, is refused.
"""

import re

_STATUS = re.compile(rb"rtsp/\S*\s+([+-]?\d+)(?=\D)")
"""FFmpeg heeds whole lines, so a number that has not ended yet says nothing."""
_GOOD_STATUS = re.compile(rb"[1245]\d\d")
_LONE_RETURN = re.compile(rb"\r[^\n]")
_SOURCE = re.compile(rb"(?i);?source=[^;\r\n]*")
_PORT = re.compile(rb"(?i)server_port=")
_WORDS = (b"source=", b"server_port=")
_LONGEST = 256 * 1024


class Redirected(ValueError):
    """The camera sends its reader on to another address."""


class Unscreenable(ValueError):
    """What the camera says is no dialogue, or has no end."""


class Screen:
    """Passes on what a camera at `ip` says. Where it says from which address its datagrams come, its own is put."""

    def __init__(self, ip: str) -> None:
        self._source = f"source={ip};server_port=".encode()
        self._said = b""
        self._held = b""

    def passed(self, data: bytes) -> bytes:
        """What may be passed on of all that was said so far and not passed on. Raises Redirected, Unscreenable."""
        self._said += data
        if len(self._said) > _LONGEST:
            msg = "it talks without end before it plays"
            raise Unscreenable(msg)
        if _LONE_RETURN.search(self._said):
            msg = "it ends a line with half of its end"
            raise Unscreenable(msg)
        plain = self._said.replace(b"\r", b"").lower()
        if b"location:" in plain or not all(map(_GOOD_STATUS.fullmatch, _STATUS.findall(plain))):
            msg = "it sends us on"
            raise Redirected(msg)
        whole, self._held = _whole_words(self._held + data)
        return _PORT.sub(self._source, _SOURCE.sub(b"", whole))


def _whole_words(data: bytes) -> tuple[bytes, bytes]:
    """The data up to where one of the words that are replaced may have begun, and the rest."""
    longest = max(len(word) for word in _WORDS)
    for size in range(min(longest, len(data)), 0, -1):
        end = data[-size:].lower()
        if any(word.startswith(end) and word != end for word in _WORDS):
            return data[:-size], data[-size:]
    return data, b""
