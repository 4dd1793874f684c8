"""Encryption by the store, with keys that only their owner has (SSE-C): how footage lies at rest."""

import os
from collections.abc import Callable

import pytest
from minio import Minio
from minio.error import MinioException, S3Error
from minio.sse import SseCustomerKey

from vantage.errors import VantageError
from vantage.objects import S3ObjectStore, Version
from vantage.objects.s3_request import S3Request

DATA = bytes(range(256)) * 100
REFUSED = (S3Error, MinioException, VantageError)


class TestEncryption:
    @pytest.fixture
    def key(self, store: S3ObjectStore, not_offered: Callable[[str], None]) -> SseCustomerKey:
        if not store.client._base_url.is_https:
            not_offered("keys are sent over TLS alone, and this store is without")
        return SseCustomerKey(os.urandom(32))

    @pytest.fixture
    def encrypted(self, store: S3ObjectStore, send: S3Request, versioned: str, key: SseCustomerKey) -> str:
        send("PUT", versioned, "key", headers={**key.headers(), "Content-Length": str(len(DATA))}, body=DATA)
        return versioned

    def read(self, client: Minio, bucket: str, key: SseCustomerKey | None, offset: int = 0, length: int = 0) -> bytes:
        with client.get_object(bucket, "key", offset=offset, length=length, ssec=key) as response:
            return bytes(response.data)

    def test_an_object_is_read_with_its_key_whole_and_in_part(
        self, store: S3ObjectStore, encrypted: str, key: SseCustomerKey
    ) -> None:
        assert self.read(store.client, encrypted, key) == DATA
        assert self.read(store.client, encrypted, key, 1_000, 300) == DATA[1_000:1_300]
        assert store.client.stat_object(encrypted, "key", ssec=key).size == len(DATA)

    def test_an_object_is_not_read_without_its_key(self, store: S3ObjectStore, encrypted: str) -> None:
        with pytest.raises(REFUSED):
            self.read(store.client, encrypted, None)

    def test_an_object_is_not_read_with_another_key(
        self, store: S3ObjectStore, encrypted: str, key: SseCustomerKey
    ) -> None:
        with pytest.raises(REFUSED):
            self.read(store.client, encrypted, SseCustomerKey(os.urandom(32)))

    def test_an_encrypted_object_is_listed_and_erased_without_its_key(
        self, store: S3ObjectStore, encrypted: str, key: SseCustomerKey
    ) -> None:
        (listed,) = store.versions(encrypted)
        assert listed.size == len(DATA)
        assert store.erase_many(encrypted, [Version(listed.key, listed.version)]) == []
        assert list(store.versions(encrypted)) == []
