"""Answers to a camera's demand for user and password: Digest (RFC 7616, and RFC 2069 for old cameras) and Basic.

The strongest scheme that is offered is taken; Basic, which shows the password to the network, only where there is no
other.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vantage_ingest.domain.rtsp_message import BadMessage

Nonce = Callable[[], str]
"""Gives a number used once."""

_LONGEST = 4096
_STRENGTH = ("MD5", "MD5-SESS", "SHA-256", "SHA-256-SESS")
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_SCHEME = re.compile(r"(?:^|,)\s*(Digest|Basic|[A-Za-z][A-Za-z0-9-]*)(?=\s+[A-Za-z]|\s*$|\s*,)", re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Challenge:
    """One way of proving who we are that a camera offers. `qop` is empty where the camera is of the old kind."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    algorithm: str = "MD5"
    qop: str = ""
    opaque: str | None = None
    stale: bool = False


def challenges(fields: Sequence[str]) -> Sequence[Challenge]:
    """What the `WWW-Authenticate` fields offer, as far as it is understood; the best first."""
    found = [challenge for field in fields for challenge in _in_field(field)]
    return sorted(found, key=_rank, reverse=True)


class Authenticator:
    """One connection's answers: counts the uses of a nonce, and knows which challenge it answers."""

    def __init__(self, credential: str, nonce: Nonce) -> None:
        user, _, password = credential.strip("\r\n").partition(":")
        self._user = user
        self._password = password
        self._nonce = nonce
        self._uses = 0
        self.challenge: Challenge | None = None

    def meet(self, challenge: Challenge) -> None:
        """Answer this challenge from now on."""
        self.challenge = challenge
        self._uses = 0

    def field(self, method: str, url: str) -> str:
        """The `Authorization` field for a request; empty before there is a challenge."""
        if self.challenge is None:
            return ""
        if self.challenge.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return self._digest(self.challenge, method, url)

    def _digest(self, challenge: Challenge, method: str, url: str) -> str:
        self._uses += 1
        count, own = f"{self._uses:08x}", self._nonce()
        fields = {
            "username": self._user,
            "realm": challenge.realm,
            "nonce": challenge.nonce,
            "uri": url,
            "response": self._proof(challenge, f"{method}:{url}", count, own),
        }
        if challenge.opaque is not None:
            fields["opaque"] = challenge.opaque
        bare = {"algorithm": challenge.algorithm} if challenge.algorithm != "MD5" or challenge.qop else {}
        if challenge.qop:
            bare |= {"qop": challenge.qop, "nc": count}
        if challenge.qop or challenge.algorithm.endswith("SESS"):
            fields["cnonce"] = own
        quoted = [f'{name}="{_escaped(value)}"' for name, value in fields.items()]
        return "Digest " + ", ".join([*quoted, *(f"{name}={_spelled(value)}" for name, value in bare.items())])

    def _proof(self, challenge: Challenge, asked: str, count: str, own: str) -> str:
        name = _HASHES[challenge.algorithm.removesuffix("-SESS")]
        secret = _hash(name, f"{self._user}:{challenge.realm}:{self._password}")
        if challenge.algorithm.endswith("-SESS"):
            secret = _hash(name, f"{secret}:{challenge.nonce}:{own}")
        if challenge.qop == "auth-int":  # our requests have no body
            asked = f"{asked}:{_hash(name, '')}"
        between = f"{challenge.nonce}:{count}:{own}:{challenge.qop}" if challenge.qop else challenge.nonce
        return _hash(name, f"{secret}:{between}:{_hash(name, asked)}")


def _in_field(field: str) -> Sequence[Challenge]:
    """Several challenges may stand in one field; a scheme is a word that no `=` follows."""
    if not field.isprintable() or len(field) > _LONGEST:
        msg = "its demand for a password holds control characters, or has no end"
        raise BadMessage(msg)
    begins = [match for match in _SCHEME.finditer(field) if not _inside_quotes(field, match.start())]
    ends = (*(match.start() for match in begins[1:]), len(field))
    made = (_challenge(match[1].lower(), field[match.end() : end]) for match, end in zip(begins, ends, strict=False))
    return [challenge for challenge in made if challenge is not None]


def _challenge(scheme: str, text: str) -> Challenge | None:
    given = {m[1].lower(): m[2] if m[3] is None else m[3] for m in _PARAMETER.finditer(text)}
    values = {name: re.sub(r"\\(.)", r"\1", value) for name, value in given.items()}
    if scheme == "basic":
        return Challenge("basic", values.get("realm", ""))
    algorithm = values.get("algorithm", "MD5").upper()
    qop = _quality(values.get("qop", ""))
    if scheme != "digest" or algorithm not in _STRENGTH or qop is None or "nonce" not in values:
        return None
    return Challenge(
        scheme,
        values.get("realm", ""),
        values["nonce"],
        algorithm,
        qop,
        values.get("opaque"),
        values.get("stale", "").lower() == "true",
    )


def _quality(offered: str) -> str | None:
    """The quality of protection to use of those offered; None where none is known."""
    names = {name.strip().lower() for name in offered.split(",")} - {""}
    if not names:
        return ""
    return next((name for name in ("auth", "auth-int") if name in names), None)


def _rank(challenge: Challenge) -> tuple[bool, int]:
    return challenge.scheme == "digest", _STRENGTH.index(challenge.algorithm)


def _inside_quotes(field: str, at: int) -> bool:
    return field[:at].replace('\\"', "").count('"') % 2 == 1


def _spelled(value: str) -> str:
    return value.replace("-SESS", "-sess")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _hash(name: str, text: str) -> str:
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
