"""One suite for the object store's port, run against the fake of unit tests and against the real store."""

import hashlib
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from vantage.clock import SystemClock
from vantage.errors import ObjectMissing, StoreRefused, StoreUnavailable
from vantage.objects import ObjectStore, S3ObjectStore
from vantage.testing import MemoryObjectStore
from vantage_stack.store import S3Access

MIB = 1024 * 1024
ODD_KEYS = ["a b", "a+b", "ü/é.mp4", "a=b&c", "a%2Fb", "deep/" * 20 + "x", "'quoted'"]


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryObjectStore()
    real: ObjectStore = request.getfixturevalue("object_store")
    return real


@pytest.fixture
def bucket(store: ObjectStore) -> Iterator[str]:
    name = f"suite-{secrets.token_hex(6)}"
    store.ensure_bucket(name)
    yield name
    if isinstance(store, S3ObjectStore):  # a bucket takes room in the embedded store, empty or not
        store.delete_many(name, [found.key for found in store.list(name)])
        store.client.remove_bucket(name)


class TestWriting:
    @pytest.mark.parametrize("size", [0, 1, 100_000, 8 * MIB], ids=["empty", "one byte", "a fragment", "a recording"])
    def test_what_was_put_is_read_back_whole(self, store: ObjectStore, bucket: str, size: int) -> None:
        data = secrets.token_bytes(size)
        written = store.put(bucket, "key", data)
        assert store.stat(bucket, "key").size == written.size == size
        if size:
            assert hashlib.sha256(store.get(bucket, "key")).digest() == hashlib.sha256(data).digest()

    def test_a_second_put_replaces_the_first(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"first")
        store.put(bucket, "key", b"second, longer")
        assert store.get(bucket, "key") == b"second, longer"

    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_a_key_may_hold_what_names_hold(self, store: ObjectStore, bucket: str, key: str) -> None:
        store.put(bucket, key, key.encode())
        assert store.get(bucket, key) == key.encode()
        assert [found.key for found in store.list(bucket)] == [key]

    def test_the_etag_tells_contents_apart(self, store: ObjectStore, bucket: str) -> None:
        one, same, other = (store.put(bucket, key, data).etag for key, data in (("1", b"x"), ("2", b"x"), ("3", b"y")))
        assert one == same != other
        assert store.stat(bucket, "1").etag == one

    def test_many_threads_write_and_read_at_once(self, store: ObjectStore, bucket: str) -> None:
        def both(number: int) -> bool:
            data = number.to_bytes(4, "big") * 5_000
            store.put(bucket, f"key/{number:03}", data)
            return store.get(bucket, f"key/{number:03}") == data

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(both, range(64)))


class TestRanges:
    DATA = bytes(range(256)) * 4

    @pytest.mark.parametrize(("offset", "length"), [(0, 1), (0, 1024), (10, 20), (1023, 1), (500, 524)])
    def test_a_range_is_exactly_what_was_asked_for(
        self, store: ObjectStore, bucket: str, offset: int, length: int
    ) -> None:
        store.put(bucket, "key", self.DATA)
        assert store.get(bucket, "key", offset, length) == self.DATA[offset : offset + length]

    def test_without_a_length_it_goes_to_the_end(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", self.DATA)
        assert store.get(bucket, "key", 1000) == self.DATA[1000:]

    @pytest.mark.parametrize(("offset", "length"), [(1000, 25), (1024, 1), (5000, 10)])
    def test_a_range_that_is_not_there_whole_is_missing(
        self, store: ObjectStore, bucket: str, offset: int, length: int
    ) -> None:
        store.put(bucket, "key", self.DATA)
        with pytest.raises(ObjectMissing, match=bucket):
            store.get(bucket, "key", offset, length)


class TestWhatIsNotThere:
    def test_reading_and_asking_say_that_it_is_missing(self, store: ObjectStore, bucket: str) -> None:
        for call in (store.get, store.stat):
            with pytest.raises(ObjectMissing, match=f"{bucket}/nothing"):
                call(bucket, "nothing")

    def test_a_bucket_that_is_not_there_is_missing_too(self, store: ObjectStore) -> None:
        with pytest.raises(ObjectMissing):
            store.get("no-such-bucket-here", "key")

    def test_deleting_it_is_no_error(self, store: ObjectStore, bucket: str) -> None:
        store.delete(bucket, "nothing")
        store.delete_many(bucket, ["nothing", "neither"])


class TestListing:
    def test_keys_come_in_order_under_their_prefix(self, store: ObjectStore, bucket: str) -> None:
        for key in ("b/2", "a/1", "b/1", "b/10", "c"):
            store.put(bucket, key, b"x")
        assert [found.key for found in store.list(bucket)] == ["a/1", "b/1", "b/10", "b/2", "c"]
        assert [found.key for found in store.list(bucket, "b/")] == ["b/1", "b/10", "b/2"]

    def test_it_goes_on_after_a_key(self, store: ObjectStore, bucket: str) -> None:
        for key in ("b/1", "b/2", "b/3"):
            store.put(bucket, key, b"x")
        assert [found.key for found in store.list(bucket, "b/", start_after="b/1")] == ["b/2", "b/3"]

    def test_an_empty_prefix_gives_nothing(self, store: ObjectStore, bucket: str) -> None:
        assert list(store.list(bucket, "nobody/")) == []

    def test_more_than_one_page_is_listed_and_deleted(self, store: ObjectStore, bucket: str) -> None:
        keys = [f"page/{number:04}" for number in range(1_005)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda key: store.put(bucket, key, b"x"), keys))
        assert [found.key for found in store.list(bucket, "page/")] == keys
        store.delete_many(bucket, keys)
        assert list(store.list(bucket, "page/")) == []


class TestDeleting:
    def test_what_was_deleted_is_gone_and_the_rest_stays(self, store: ObjectStore, bucket: str) -> None:
        for key in ("a", "b", "c"):
            store.put(bucket, key, b"x")
        store.delete(bucket, "a")
        store.delete_many(bucket, ["c"])
        assert [found.key for found in store.list(bucket)] == ["b"]


class TestBuckets:
    def test_making_one_twice_keeps_what_is_in_it(self, store: ObjectStore, bucket: str) -> None:
        store.put(bucket, "key", b"x")
        store.ensure_bucket(bucket)
        assert store.get(bucket, "key") == b"x"

    def test_replicas_that_start_together_all_have_it(self, store: ObjectStore) -> None:
        name = f"suite-{secrets.token_hex(6)}"
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: store.ensure_bucket(name), range(8)))
        store.put(name, "key", b"x")


class TestAway:
    def test_the_fake_and_the_real_store_say_it_alike(self) -> None:
        fake, real = (
            MemoryObjectStore(),
            S3ObjectStore("127.0.0.1:9", "key", "secret", secure=False, region="us-east-1"),
        )
        fake.away = True
        for store in (fake, real):
            with pytest.raises(StoreUnavailable, match="is it running"):
                store.put("bucket", "key", b"x")


class TestTheRealStore:
    """What only the real one can show: who may, and what a lock holds."""

    @pytest.fixture
    def locked(self, object_store: S3ObjectStore) -> str:
        name = f"locked-{secrets.token_hex(6)}"
        object_store.ensure_bucket(name, lock=True)
        return name

    def test_a_wrong_key_is_refused_with_what_to_do(self, s3: S3Access) -> None:
        stranger = S3ObjectStore(s3.endpoint, "stranger", "not-the-secret", secure=s3.secure, region=s3.region)
        with pytest.raises(StoreRefused, match="check the access key"):
            stranger.put("live", "key", b"x")

    def test_a_locked_version_outlives_its_deletion_until_its_time(
        self, object_store: S3ObjectStore, locked: str
    ) -> None:
        version = object_store.put(locked, "key", b"evidence").version
        assert version
        end = datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC) + timedelta(hours=1)
        object_store.client.set_object_retention(locked, "key", Retention(COMPLIANCE, end), version_id=version)
        object_store.delete(locked, "key")
        with pytest.raises(ObjectMissing):
            object_store.get(locked, "key")
        with pytest.raises(S3Error):
            object_store.client.remove_object(locked, "key", version_id=version)
        answer = object_store.client.get_object(locked, "key", version_id=version)
        assert answer.data == b"evidence"
        answer.close()
        answer.release_conn()
