"""What a camera's address may be, so that no configuration makes a service open anything but a camera's RTSP stream.

Every parser has to read an address the same way, ours, the library's and the camera's: so what only some of them read,
or read differently (escapes in the host, octal numbers, backslashes, users, fragments), is refused rather than mended.
Names are not resolved here; where an address leads is `camera_networks`' question.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Self

Ip = IPv4Address | IPv6Address

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
FOREIGN_PORTS = frozenset(
    {7, 9, 13, 19, 20, 21, 22, 23, 25, 53, 69, 110, 111, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 389, 445}
    | {465, 512, 513, 514, 515, 587, 631, 636, 873, 989, 990, 993, 995, 1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380}
    | {3306, 3389, 5432, 5672, 5900, 5984, 6379, 6443, 9092, 9200, 9300, 10250, 10255, 11211, 27017}
)
"""Ports of well-known services that are no cameras', and some of which take an RTSP request for commands of theirs."""

_LONGEST = 1024
_PLAIN = re.compile(r"[!$-~]+")
_UNSAFE = re.compile(r'["<>\\^`{|}\[\]#]')
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:[01][0-9A-Fa-f]|7[Ff])")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_OPTION = re.compile(r"[?&](?:udp|tcp|multicast|http|https)(?=&|$)")
_PASSWORD = re.compile(r"(?i)(?<![a-z])(pass|passwd|password|pwd)(=|%3d)[^&;/?]+")


class BadAddress(ValueError):
    """The address cannot be a camera's. The message never holds the address: it may have a password in it."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(f"{wrong}; {remedy}")
        self.wrong = wrong
        self.remedy = remedy


@dataclass(frozen=True)
class CameraAddress:
    """An RTSP address, taken apart. `host` is in lower case; `ip` is the host where that is an address itself."""

    url: str
    scheme: str
    host: str
    port: int
    ip: Ip | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """The address, if every parser reads it alike. Raises BadAddress."""
        scheme, rest = _split_scheme(url)
        authority, slash, path = rest.partition("/")
        if "@" in authority or "@" in url.partition("://")[2].partition("/")[0]:
            wrong = "holds a user or password"
            raise BadAddress(wrong, "put `user:password` into ingest's secret store and its name into `credential`")
        if not slash:
            wrong = "is not an RTSP address: no path follows its host"
            raise BadAddress(wrong, "write it as rtsp://host:port/path")
        _check_path(f"/{path}")
        host, port = _split_port(authority)
        ip = _literal(host)
        return cls(url, scheme, _name(host) if ip is None else str(ip), _port(port, scheme), ip)


def without_secrets(address: str) -> str:
    """An address for people, well formed or not: what may be a user or a password is stars."""
    before, at, after = address.rpartition("@")
    if at:
        scheme, separator, _ = before.partition("://")
        address = f"{scheme if separator else ''}{separator}***@{after}"
    return _PASSWORD.sub(r"\1\2***", address)


def _split_scheme(url: str) -> tuple[str, str]:
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in DEFAULT_PORTS:
        wrong = "is not an RTSP address: it does not begin with rtsp:// or rtsps://"
        raise BadAddress(wrong, "write it as rtsp://host:port/path")
    if len(url) > _LONGEST:
        wrong = f"is longer than {_LONGEST} characters"
        raise BadAddress(wrong, "give the camera a shorter path")
    if not _PLAIN.fullmatch(url):
        wrong = "has a space, a control character or a letter outside ASCII"
        raise BadAddress(wrong, "write a name in its ASCII form (xn--...) and escape what the path needs as %XX")
    return scheme, rest


def _check_path(path: str) -> None:
    if (found := _UNSAFE.search(path)) is not None:
        wrong = f"has {found.group()!r} in its path"
        raise BadAddress(wrong, "escape it as %XX, and leave a fragment (#) out")
    if _ESCAPE.search(path) is not None:
        wrong = "has a broken escape or an escaped control character"
        raise BadAddress(wrong, "write escapes as % and two digits, of printable characters alone")
    if (option := _OPTION.search(path)) is not None:
        wrong = f"has the player's option {option.group()[1:]!r}"
        raise BadAddress(wrong, "take it out; `transport` says how the video comes")
    if _PASSWORD.search(path) is not None:
        wrong = "holds a password in its path, where it would be published"
        raise BadAddress(wrong, "take it out; put `user:password` into ingest's secret store, its name in `credential`")


def _split_port(authority: str) -> tuple[str, str | None]:
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            wrong = "has brackets that do not enclose an IPv6 address"
            raise BadAddress(wrong, "write it as rtsp://[address]:port/path")
        return host + bracket, rest[1:] if rest else None
    host, colon, port = authority.partition(":")
    return host, port if colon else None


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return DEFAULT_PORTS[scheme]
    port = int(text) if _PORT.fullmatch(text) else 0
    if not 0 < port < 1 << 16:
        wrong = "has a port that is no number from 1 to 65535"
        raise BadAddress(wrong, f"write the camera's RTSP port, or leave it out for {DEFAULT_PORTS[scheme]}")
    if port in FOREIGN_PORTS:
        wrong = f"has port {port}, which belongs to another service than a camera's"
        raise BadAddress(wrong, "correct it, or give the camera's RTSP service another port")
    return port


def _literal(host: str) -> Ip | None:
    """The address that the host is, in the one form that is read alike everywhere; None where it is a name."""
    if host.startswith("["):
        return _canonical(IPv6Address, host[1:-1].lower())
    if _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return _canonical(IPv4Address, host)
    return None


def _canonical(kind: type[IPv4Address] | type[IPv6Address], text: str) -> Ip:
    try:
        ip = kind(text)
    except AddressValueError:
        ip = None
    if ip is None or str(ip) != text or getattr(ip, "scope_id", None):
        wrong = "has an IP address that is not in its usual form"
        raise BadAddress(wrong, "write four decimal numbers, or an IPv6 address in its shortest form without a zone")
    return ip


def _name(host: str) -> str:
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        wrong = "has a host that is no name"
        raise BadAddress(wrong, "write a name of letters, digits and hyphens, or an IP address; no dot at its end")
    return host.lower()
