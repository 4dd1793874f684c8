"""Who a token belongs to: a folder with a file for each caller, as a mounted secret is."""

import hmac
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import structlog

from vantage_keys.domain.rights import CALLERS, Caller
from vantage_keys.errors import CallersUnusable, UnknownCaller

_SHORTEST = 32
_LARGEST = 4096
_log = structlog.get_logger()


class CallerFolder:
    """Read at each call, so that a changed token counts at once; a caller without a file has no access."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self) -> None:
        """Raise CallersUnusable unless somebody could be let in, and nobody in another's name."""
        digests = [digest for found in self._digests(strict=True).values() for digest in found]
        if not digests:
            msg = f"{self._folder} holds a token of none of the callers {', '.join(CALLERS)}: mount their tokens there"
            raise CallersUnusable(msg)
        if len(set(digests)) < len(digests):
            msg = f"two callers in {self._folder} have the same token: give each its own"
            raise CallersUnusable(msg)

    def caller(self, token: str) -> Caller:
        """Whose token it is. Every token is compared, in a time that says nothing of it. Raises UnknownCaller."""
        shown, found = sha256(token.encode()).digest(), []
        for name, digests in self._digests().items():
            found += [name for digest in digests if hmac.compare_digest(digest, shown)]
        if len(set(found)) != 1:
            msg = "the bearer token is nobody's: mount this caller's token, and mount the same one here"
            raise UnknownCaller(msg)
        return CALLERS[found[0]]

    def _digests(self, *, strict: bool = False) -> Mapping[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for name in CALLERS:
            try:
                found[name] = [sha256(token).digest() for token in self._tokens(name)]
            except CallersUnusable as error:
                if strict:
                    raise
                _log.error("a caller is not let in", caller=name, reason=str(error))
        return found

    def _tokens(self, name: str) -> Iterator[bytes]:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                lines = file.read(_LARGEST).split()
        except FileNotFoundError:
            return
        except OSError as error:
            msg = f"the token in {path} cannot be read: {error.strerror}"
            raise CallersUnusable(msg) from error
        if any(len(line) < _SHORTEST for line in lines):
            msg = f"a token in {path} has fewer than {_SHORTEST} characters: make it of 32 random bytes"
            raise CallersUnusable(msg)
        yield from lines
