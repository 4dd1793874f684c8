"""What the adapter makes of a store's errors: what is to be tried again, and what is not."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from vantage.errors import ContentMismatch, ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects import S3ObjectStore, Version
from vantage.objects import s3 as adapter

ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>said the store</Message></Error>"
REFUSALS = "<?xml version='1.0'?><DeleteResult><Error><Key>key</Key><Code>{code}</Code></Error></DeleteResult>"


class TestErrorsOfTheStore:
    @pytest.fixture
    def bucket(self, object_store: S3ObjectStore) -> str:
        name = f"errors-{uuid4().hex[:12]}"
        object_store.ensure_bucket(name)
        return name

    def test_a_wrong_key_is_refused_and_not_shown(self, object_store: S3ObjectStore, s3: Any, bucket: str) -> None:
        wrong = replace(s3, secret_key="not-the-secret").open()
        with pytest.raises(StoreRefused, match="check the access key") as refused:
            wrong.put(bucket, "key", b"x")
        assert "not-the-secret" not in str(refused.value)

    def test_an_unknown_key_is_refused(self, s3: Any, bucket: str) -> None:
        unknown = replace(s3, access_key="nobody", secret_key="not-the-secret").open()
        with pytest.raises(StoreRefused, match="check the access key"):
            unknown.get(bucket, "key")


Answer = Callable[[bytes], S3ObjectStore]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answer]:
    """Makes a store that gives one answer to every request and hangs up; without an answer it says nothing at all."""
    monkeypatch.setattr(adapter, "_TIMEOUT", urllib3.Timeout(connect=3, read=0.2))
    listeners: list[socket.socket] = []
    silent: list[socket.socket] = []

    def serve(listener: socket.socket, answer: bytes) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if not answer:
                silent.append(connection)
                continue
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    def make(answer: bytes) -> S3ObjectStore:
        listeners.append(listener := socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
        return S3ObjectStore(
            f"127.0.0.1:{listener.getsockname()[1]}", "key", "secret", secure=False, region="us-east-1"
        )

    yield make
    for one in listeners:
        one.shutdown(socket.SHUT_RDWR)
    for one in listeners + silent:
        one.close()


def says(status: int, body: str) -> bytes:
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (507, "XMinioStorageFull", StoreUnavailable),
        (507, "AnythingElse", StoreUnavailable),
        (500, "InternalError", StoreUnavailable),
        (503, "SlowDown", StoreUnavailable),
        (400, "IncompleteBody", StoreUnavailable),
        (400, "RequestTimeout", StoreUnavailable),
        (409, "OperationAborted", StoreUnavailable),
        (403, "AccessDenied", StoreRefused),
        (400, "InvalidRequest", StoreRefused),
        (404, "NoSuchBucket", ObjectMissing),
        (405, "MethodNotAllowed", ObjectMissing),
        (400, "BadDigest", ContentMismatch),
    ],
)
def test_what_a_store_says_is_an_outage_where_it_may_go_by_itself(
    answering: Answer, status: int, code: str, error: type[Exception]
) -> None:
    """A full disk: MinIO says XMinioStorageFull, and IncompleteBody for the put that fills it; SeaweedFS says 500."""
    store = answering(says(status, ERROR.format(code=code)))
    with pytest.raises(error):
        store.put("some-bucket", "key", b"x")


@pytest.mark.parametrize(
    ("code", "error"),
    [("InternalError", StoreUnavailable), ("XMinioStorageFull", StoreUnavailable), ("Unheard", StoreRefused)],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.delete_many("some-bucket", ["key"]),
        lambda store: store.erase_many("some-bucket", [Version("key", "null")]),
    ],
    ids=["delete_many", "erase_many"],
)
def test_what_a_bulk_delete_could_not_do_is_told(
    answering: Answer, call: Callable[[S3ObjectStore], object], code: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match="key"):
        call(answering(says(200, REFUSALS.format(code=code))))


def test_an_object_that_is_cut_off_on_its_way_is_an_outage(answering: Answer) -> None:
    with pytest.raises(StoreUnavailable):
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart").get("some-bucket", "key")


def test_a_proxy_that_answers_for_a_store_is_an_outage(answering: Answer) -> None:
    store = answering(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>no</p>")
    with pytest.raises(StoreUnavailable):
        store.get("some-bucket", "key")


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put("some-bucket", "key", b"x"),
        lambda store: store.get("some-bucket", "key"),
        lambda store: list(store.versions("some-bucket")),
        lambda store: store.erase_many("some-bucket", [Version("key", "null")]),
    ],
    ids=["put", "get", "versions", "erase_many"],
)
def test_a_store_that_takes_a_request_and_never_answers_is_an_outage(
    answering: Answer, call: Callable[[S3ObjectStore], object]
) -> None:
    with pytest.raises(StoreUnavailable):
        call(answering(b""))
