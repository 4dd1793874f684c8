"""How one reaches the object store of a stack."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from vantage.objects import Keyring, S3ObjectStore
from vantage_stack.authority import Authority
from vantage_stack.ports import HOST

REGION = "us-east-1"


@dataclass(frozen=True)
class S3Access:
    """Endpoint (host:port) and keys, made for this stack alone."""

    endpoint: str
    access_key: str
    secret_key: str
    secure: bool = False
    region: str = REGION
    ca: Path | None = None

    @classmethod
    def generate(cls, port: int, authority: Authority | None = None) -> Self:
        """New keys for a store on that port; with an authority it speaks TLS."""
        keys = (secrets.token_hex(10), secrets.token_urlsafe(30))
        ca = authority.ca if authority else None
        return cls(f"{HOST}:{port}", *keys, secure=ca is not None, ca=ca)

    def open(self, keyring: Keyring | None = None) -> S3ObjectStore:
        """The SDK's object store on it; without a keyring it neither encrypts nor reads what is encrypted."""
        keys = (self.endpoint, self.access_key, self.secret_key)
        return S3ObjectStore(*keys, secure=self.secure, region=self.region, ca=self.ca, keyring=keyring)

    def environment(self) -> Mapping[str, str]:
        """What a service is told of the object store."""
        return {
            "VANTAGE_S3_ENDPOINT": self.endpoint,
            "VANTAGE_S3_ACCESS_KEY": self.access_key,
            "VANTAGE_S3_SECRET_KEY": self.secret_key,
            "VANTAGE_S3_SECURE": str(self.secure).lower(),
            "VANTAGE_S3_REGION": self.region,
            **({"VANTAGE_S3_CA": str(self.ca)} if self.ca else {}),
        }
