"""Objects and ranges of them: how recordings and packs are written and read."""

import hashlib
import os
from collections.abc import Callable

import pytest
from minio.error import S3Error

from vantage.errors import ContentMismatch
from vantage.objects import S3ObjectStore, Version
from vantage.objects.s3_request import S3Request

MEBIBYTE = 1024 * 1024
ODD = ["a b/c d", "plus+equals=and&", "percent%20%zz", "q'\"`", "<a>&amp;]]>", "häuser/門/🎥", "é/é"]


class TestObjects:
    def test_what_was_put_is_read_and_listed_at_once(self, store: S3ObjectStore, bucket: str) -> None:
        for turn in range(100):
            store.put(bucket, f"{turn:03}", data := os.urandom(1000))
            assert store.get(bucket, f"{turn:03}") == data
            assert sum(1 for _ in store.list(bucket)) == turn + 1

    def test_what_was_overwritten_or_deleted_is_seen_at_once(self, store: S3ObjectStore, bucket: str) -> None:
        for turn in range(50):
            store.put(bucket, "key", str(turn).encode())
            assert store.get(bucket, "key") == str(turn).encode()
        store.delete(bucket, "key")
        assert list(store.list(bucket)) == []

    def test_64_mebibytes_are_one_request(self, store: S3ObjectStore, bucket: str) -> None:
        data = os.urandom(64 * MEBIBYTE)
        store.put(bucket, "key", data, sha256=hashlib.sha256(data).hexdigest())
        assert hashlib.sha256(store.get(bucket, "key")).digest() == hashlib.sha256(data).digest()

    def test_a_put_with_a_wrong_sha256_checksum_is_refused(self, store: S3ObjectStore, bucket: str) -> None:
        with pytest.raises(ContentMismatch):
            store.put(bucket, "key", b"as it came", sha256=hashlib.sha256(b"as it was").hexdigest())
        assert list(store.versions(bucket)) == []

    def test_keys_are_kept_as_they_are(self, store: S3ObjectStore, bucket: str) -> None:
        for key in ODD:
            store.put(bucket, key, key.encode())
        assert {one.key for one in store.list(bucket)} == set(ODD)
        assert [store.get(bucket, key) for key in ODD] == [key.encode() for key in ODD]

    def test_a_put_can_demand_that_no_object_is_there(
        self, store: S3ObjectStore, send: S3Request, bucket: str, not_offered: Callable[[str], None]
    ) -> None:
        store.put(bucket, "key", b"first")
        try:
            send("PUT", bucket, "key", headers={"If-None-Match": "*", "Content-Length": "6"}, body=b"second")
        except S3Error as refused:
            code = refused.code
        else:
            not_offered("If-None-Match is not looked at")
        assert code == "PreconditionFailed"
        assert store.get(bucket, "key") == b"first"


class TestRanges:
    DATA = bytes(range(256)) * 4

    def read(self, store: S3ObjectStore, send: S3Request, bucket: str, words: str) -> bytes:
        store.put(bucket, "key", self.DATA)
        return bytes(send("GET", bucket, "key", headers={"Range": f"bytes={words}"}).data)

    @pytest.mark.parametrize(
        ("words", "part"),
        [
            ("0-0", slice(0, 1)),
            ("0-1023", slice(0, 1024)),
            ("1023-1023", slice(1023, None)),
            ("500-599", slice(500, 600)),
            ("1000-", slice(1000, None)),
        ],
    )
    def test_first_middle_and_last_bytes_are_read(
        self, store: S3ObjectStore, send: S3Request, bucket: str, words: str, part: slice
    ) -> None:
        assert self.read(store, send, bucket, words) == self.DATA[part]

    def test_the_last_bytes_are_read_by_their_number(self, store: S3ObjectStore, send: S3Request, bucket: str) -> None:
        assert self.read(store, send, bucket, "-24") == self.DATA[-24:]

    def test_a_range_across_the_end_is_cut(self, store: S3ObjectStore, send: S3Request, bucket: str) -> None:
        assert self.read(store, send, bucket, "1000-2000") == self.DATA[1000:]

    def test_a_range_beyond_the_end_is_416(self, store: S3ObjectStore, send: S3Request, bucket: str) -> None:
        with pytest.raises(S3Error) as refused:
            self.read(store, send, bucket, "1024-1030")
        assert (refused.value.code, refused.value.response.status) == ("InvalidRange", 416)

    def test_a_range_of_an_old_version_is_read(self, store: S3ObjectStore, versioned: str) -> None:
        old = store.put(versioned, "key", self.DATA).version
        store.put(versioned, "key", b"new")
        assert store.get(versioned, "key", 500, 100, version=old) == self.DATA[500:600]


class TestBuckets:
    def test_one_with_objects_is_not_removed(self, store: S3ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"x")
        with pytest.raises(S3Error):
            store.client.remove_bucket(bucket)
        assert store.get(bucket, "key") == b"x"

    def test_one_with_versions_is_not_removed(self, store: S3ObjectStore, versioned: str) -> None:
        store.put(versioned, "key", b"x")
        with pytest.raises(S3Error):
            store.client.remove_bucket(versioned)
        assert store.get(versioned, "key") == b"x"

    def test_one_whose_objects_are_hidden_is_not_removed(self, store: S3ObjectStore, versioned: str) -> None:
        version = store.put(versioned, "key", b"x").version
        store.delete(versioned, "key")
        with pytest.raises(S3Error):
            store.client.remove_bucket(versioned)
        assert store.get(versioned, "key", version=version) == b"x"

    def test_an_emptied_one_is_removed(self, store: S3ObjectStore, versioned: str) -> None:
        store.put(versioned, "a/key", b"x")
        store.delete(versioned, "a/key")
        store.erase_many(versioned, [Version(one.key, one.version) for one in store.versions(versioned)])
        store.client.remove_bucket(versioned)
        assert not store.client.bucket_exists(versioned)
