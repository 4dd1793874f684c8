"""How one reaches the object store of a stack."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from vantage.objects import S3ObjectStore
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

    @classmethod
    def generate(cls, port: int) -> Self:
        """New keys for a store on that port."""
        return cls(f"{HOST}:{port}", secrets.token_hex(10), secrets.token_urlsafe(30))

    def open(self) -> S3ObjectStore:
        """The SDK's object store on it."""
        return S3ObjectStore(self.endpoint, self.access_key, self.secret_key, secure=self.secure, region=self.region)

    def environment(self) -> Mapping[str, str]:
        """What a service is told of the object store."""
        return {
            "VANTAGE_S3_ENDPOINT": self.endpoint,
            "VANTAGE_S3_ACCESS_KEY": self.access_key,
            "VANTAGE_S3_SECRET_KEY": self.secret_key,
            "VANTAGE_S3_SECURE": str(self.secure).lower(),
            "VANTAGE_S3_REGION": self.region,
        }
