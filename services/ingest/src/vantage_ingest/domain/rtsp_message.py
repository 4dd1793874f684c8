"""RTSP messages as they stand on the wire (RFC 2326, section 4 and following): taken apart leniently, since cameras
write them carelessly, and put together so that nothing a camera said can break out of a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEADER_LIMIT = 16 * 1024
BODY_LIMIT = 64 * 1024
_AGENT = "Vantage"


class BadMessage(ValueError):
    """The bytes are no RTSP message. The text holds nothing of theirs."""


class Headers:
    """Header fields; names without regard to case, fields that come several times kept apart."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._fields: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                self._fields.setdefault(name.strip().lower(), []).append(value.strip())

    def get(self, name: str) -> str:
        """The first field of this name, or nothing."""
        return self._fields.get(name, [""])[0]

    def all(self, name: str) -> Sequence[str]:
        """Every field of this name."""
        return self._fields.get(name, [])

    @property
    def length(self) -> int:
        """Of the body, in bytes. Raises BadMessage where it is absurd."""
        text = self.get("content-length") or "0"
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            msg = "its Content-Length is no number of bytes"
            raise BadMessage(msg)
        if int(text) > BODY_LIMIT:
            msg = f"a message of {int(text)} bytes is longer than {BODY_LIMIT}"
            raise BadMessage(msg)
        return int(text)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a request of ours."""

    status: int
    headers: Headers
    body: bytes = b""

    @property
    def sequence(self) -> int | None:
        """Which request it answers; None where it does not say."""
        text = self.headers.get("cseq")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


@dataclass(frozen=True, slots=True)
class Request:
    """What a camera asks of us."""

    method: str
    headers: Headers
    body: bytes = b""


Message = Response | Request


def parsed(head: bytes) -> Message:
    """The message with this head, without its blank line and its body. Raises BadMessage."""
    first, *lines = head.decode("utf-8", "replace").replace("\r", "\n").split("\n")
    headers = Headers(lines)
    words = first.split(None, 2)
    if len(words) >= 2 and words[0].startswith("RTSP/"):
        return Response(_status(words[1]), headers)
    if len(words) == 3 and words[2].startswith("RTSP/") and words[0].isascii():
        return Request(words[0], headers)
    msg = "what it sends is neither RTSP nor a packet"
    raise BadMessage(msg)


def request(method: str, url: str, sequence: int, fields: Mapping[str, str]) -> bytes:
    """A request of ours, without a body."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {sequence}", f"User-Agent: {_AGENT}"]
    return _written([*lines, *(f"{name}: {value}" for name, value in fields.items() if value)])


def reply(status: int, reason: str, headers: Headers) -> bytes:
    """Our answer to a camera's request with these headers."""
    return _written([f"RTSP/1.0 {status} {reason}", f"CSeq: {word(headers.get('cseq'))}"])


def word(text: str) -> str:
    """The text if it may stand in a line of ours as it is: visible ASCII without blanks. Raises BadMessage."""
    if not text.isascii() or not text.isprintable() or " " in text:
        msg = "what it wants to be told again holds blanks or control characters"
        raise BadMessage(msg)
    return text


def _status(text: str) -> int:
    if len(text) == 3 and text.isascii() and text.isdigit():
        return int(text)
    msg = "its answer has no status"
    raise BadMessage(msg)


def _written(lines: Sequence[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
