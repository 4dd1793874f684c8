"""Encryption at rest on a stack: the authority behind its certificates, and what the custodian and its callers share.

Everything is made for one stack and lies in its folder: the master key, and a token for each service.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vantage_stack.authority import Authority
from vantage_stack.home import Home
from vantage_stack.ports import HOST, Ports

VARIABLE: Final = "VANTAGE_STACK_AT_REST"
CALLERS: Final = ("ingest", "detect", "api", "storage")


class Custody:
    """The custodian's place on a stack: its port, its folder, and what it is told."""

    def __init__(self, home: Home, ports: Ports) -> None:
        folder = home.part("custody")
        self.authority = Authority(folder / "tls")
        self.port = ports.free()
        self.folder = folder / "state"
        self.master = folder / "master.key"
        self.tokens: Mapping[str, str] = {name: secrets.token_urlsafe(32) for name in CALLERS}
        self._callers = folder / "callers"
        _write(self.master, secrets.token_bytes(32))
        self._callers.mkdir(mode=0o700)
        for name, token in self.tokens.items():
            _write(self._callers / name, token.encode())

    @property
    def url(self) -> str:
        """Where the custodian answers."""
        return f"https://{HOST}:{self.port}"

    def settings(self) -> Mapping[str, str]:
        """What the custodian is told."""
        return {
            "VANTAGE_KEYS_FOLDER": str(self.folder),
            "VANTAGE_KEYS_MASTER_FILE": str(self.master),
            "VANTAGE_KEYS_CALLERS": str(self._callers),
            "VANTAGE_KEYS_HOST": HOST,
            "VANTAGE_KEYS_PORT": str(self.port),
            "VANTAGE_KEYS_CERTIFICATE": str(self.authority.certificate),
            "VANTAGE_KEYS_PRIVATE_KEY": str(self.authority.private_key),
        }

    def environment(self, service: str) -> Mapping[str, str]:
        """How a service finds the custodian; one that has no token there touches no object."""
        if service not in self.tokens:
            return {}
        return {
            "VANTAGE_KEYS_URL": self.url,
            "VANTAGE_KEYS_TOKEN": self.tokens[service],
            "VANTAGE_KEYS_CA": str(self.authority.ca),
        }


def at_rest(wanted: bool | None) -> bool:
    """Whether objects are to be encrypted: as the caller says, or VANTAGE_STACK_AT_REST."""
    return os.environ.get(VARIABLE, "") not in {"", "0"} if wanted is None else wanted


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
