"""What Vantage needs of the real object store beyond the port: versions, locks that hold, and errors that tell."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from minio.commonconfig import COMPLIANCE, ENABLED
from minio.error import S3Error
from minio.retention import Retention
from minio.versioningconfig import VersioningConfig

from vantage.errors import ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects import S3ObjectStore


@pytest.fixture
def name() -> str:
    return f"versions-{uuid4().hex[:12]}"


class TestVersions:
    def test_an_overwritten_and_a_deleted_object_can_be_had_again(self, object_store: S3ObjectStore, name: str) -> None:
        object_store.ensure_bucket(name)
        object_store.client.set_bucket_versioning(name, VersioningConfig(ENABLED))
        first = object_store.put(name, "key", b"first").version
        second = object_store.put(name, "key", b"second").version
        object_store.delete(name, "key")

        assert first
        assert second
        assert first != second
        with pytest.raises(ObjectMissing):
            object_store.get(name, "key")
        assert self.read(object_store, name, first) == b"first"
        assert self.read(object_store, name, second) == b"second"
        versions = list(object_store.client.list_objects(name, include_version=True))
        assert len(versions) == 3, "two versions and the mark of the deletion"

    @staticmethod
    def read(store: S3ObjectStore, bucket: str, version: str) -> bytes:
        response: Any = store.client.get_object(bucket, "key", version_id=version)
        try:
            return bytes(response.data)
        finally:
            response.close()
            response.release_conn()


class TestLocks:
    @pytest.fixture
    def locked(self, object_store: S3ObjectStore, name: str) -> str:
        """A version that is under COMPLIANCE for an hour."""
        object_store.ensure_bucket(name, lock=True)
        until = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(hours=1))
        put = object_store.client.put_object(name, "key", BytesIO(b"evidence"), 8, retention=until)
        return str(put.version_id)

    def test_nobody_deletes_a_locked_version(self, object_store: S3ObjectStore, name: str, locked: str) -> None:
        with pytest.raises(S3Error) as refused:
            object_store.client.remove_object(name, "key", version_id=locked)
        assert refused.value.code in {"AccessDenied", "InvalidRequest", "ObjectLocked"}
        assert object_store.get(name, "key") == b"evidence"

    def test_nobody_shortens_a_lock(self, object_store: S3ObjectStore, name: str, locked: str) -> None:
        sooner = Retention(COMPLIANCE, datetime.now(UTC) + timedelta(minutes=1))
        with pytest.raises(S3Error):
            object_store.client.set_object_retention(name, "key", sooner, version_id=locked)

    def test_a_plain_delete_hides_and_keeps(self, object_store: S3ObjectStore, name: str, locked: str) -> None:
        object_store.delete(name, "key")
        with pytest.raises(ObjectMissing):
            object_store.get(name, "key")
        assert TestVersions.read(object_store, name, locked) == b"evidence"


class TestErrorsOfTheStore:
    def test_a_wrong_key_is_refused_and_not_shown(self, object_store: S3ObjectStore, s3: Any, name: str) -> None:
        object_store.ensure_bucket(name)
        wrong = S3ObjectStore(s3.endpoint, s3.access_key, "not-the-secret", secure=False, region=s3.region)
        with pytest.raises(StoreRefused, match="check the access key") as refused:
            wrong.put(name, "key", b"x")
        assert "not-the-secret" not in str(refused.value)

    def test_an_unknown_key_is_refused(self, object_store: S3ObjectStore, s3: Any, name: str) -> None:
        object_store.ensure_bucket(name)
        unknown = S3ObjectStore(s3.endpoint, "nobody", "not-the-secret", secure=False, region=s3.region)
        with pytest.raises(StoreRefused, match="check the access key"):
            unknown.get(name, "key")


@pytest.fixture
def half_dead() -> Iterator[str]:
    """A store that answers every request with part of an object, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_an_object_that_is_cut_off_on_its_way_is_an_outage_of_the_store(half_dead: str) -> None:
    store = S3ObjectStore(half_dead, "key", "secret", secure=False, region="us-east-1")
    with pytest.raises(StoreUnavailable):
        store.get("some-bucket", "key")
