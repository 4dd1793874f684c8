"""The stores that the port's suites are run on: the fake of unit tests, and the real one of the stack."""

from uuid import uuid4

import pytest

from vantage.objects import S3ObjectStore
from vantage.testing import MemoryObjectStore


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> MemoryObjectStore | S3ObjectStore:
    """The fake, then the real store of the stack."""
    if request.param == "memory":
        return MemoryObjectStore()
    real: S3ObjectStore = request.getfixturevalue("object_store")
    return real


@pytest.fixture
def bucket(store: MemoryObjectStore | S3ObjectStore) -> str:
    name = f"ports-{uuid4().hex[:12]}"
    store.ensure_bucket(name)
    return name


@pytest.fixture
def away(store: MemoryObjectStore | S3ObjectStore) -> MemoryObjectStore | S3ObjectStore:
    """A store of the same kind that cannot be reached."""
    if isinstance(store, MemoryObjectStore):
        store.away = True
        return store
    return S3ObjectStore("127.0.0.1:1", "key", "secret", secure=False, region="us-east-1")
