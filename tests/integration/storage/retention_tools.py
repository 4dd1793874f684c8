"""Storage's parts in the test's own process, with a clock that the test moves and buckets that are the test's alone."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast
from uuid import uuid4

import psycopg
from confluent_kafka import Consumer, TopicPartition
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from msgspec.structs import replace

from vantage.clock import ManualClock
from vantage.contracts import AuditRecord, Recording, Track, Undecodable, decode
from vantage.errors import StoreRefused
from vantage.objects import ObjectStore, S3ObjectStore
from vantage.postgres import connect_pool
from vantage.publish import Publisher
from vantage.service import Running
from vantage_storage.adapters.index import PostgresIndex
from vantage_storage.domain.day import DAY_US, compact, day_of
from vantage_storage.errors import DayMissing
from vantage_storage.parts import Parts
from vantage_storage.service import NAME, all_chores, bring_schema
from vantage_storage.settings import StorageSettings

HOUR_US = DAY_US // 24
S = TypeVar("S", bound=StorageSettings)


def new_cell() -> str:
    """A cell that no other test has: its objects are nobody else's to erase."""
    return f"c{uuid4().hex[:10]}"


def settings_of(kind: type[S], environment: Mapping[str, str], cell: str, **more: Any) -> S:
    named: dict[str, Any] = {name.removeprefix("VANTAGE_").lower(): value for name, value in environment.items()}
    return kind(**{**named, "cell_id": cell, "replica": "tests", **more})


def footage_key(recording: Recording) -> str:
    cell, _, name = recording.camera_id.partition(".")
    return f"{cell}/{name}/{compact(day_of(recording.start))}/{recording.recording_id}.mp4"


class DestroyedKeys:
    """A custodian that remembers what it was told to destroy."""

    def __init__(self) -> None:
        self.destroyed: list[str] = []

    def destroy(self, key_id: str) -> None:
        self.destroyed.append(key_id)


class OwnBuckets:
    """The store, with a suffix at the name of each bucket: one can be given versions without others noticing."""

    def __init__(self, store: S3ObjectStore) -> None:
        self.keyring: DestroyedKeys | None = None
        self.refused: set[str] = set()
        self.store = store
        self._suffix = uuid4().hex[:8]

    def name(self, bucket: str) -> str:
        return f"{bucket}-{self._suffix}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.store, name)
        return lambda bucket, *args, **named: method(self.name(bucket), *args, **named)

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """As the store does, which also deletes the others; `refused` are keys that it does not let go."""
        asked = set(keys)
        self.store.delete_many(self.name(bucket), asked - self.refused)
        if asked & self.refused:
            msg = f"{sorted(asked & self.refused)} cannot be deleted"
            raise StoreRefused(msg)

    def keep_versions(self, bucket: str) -> None:
        self.store.client.set_bucket_versioning(self.name(bucket), VersioningConfig(ENABLED))


class Retained:
    """One cell of a test: what it records, and the rounds of its chores."""

    def __init__(self, environment: Mapping[str, str], store: S3ObjectStore | OwnBuckets, now_us: int) -> None:
        self.cell = new_cell()
        self.clock = ManualClock(now_us)
        self.store = cast("ObjectStore", store)
        settings = settings_of(StorageSettings, environment, self.cell)
        bring_schema(settings)
        dsn = settings.postgres_dsn.get_secret_value()
        pool = connect_pool(dsn, application="tests", max_size=8, timeout_s=10)
        publisher = Publisher.from_settings(settings, NAME)
        self.parts = Parts(settings, Running(threading.Event()), self.clock, self.store, publisher, pool, dsn)
        self._chores = {one.name: one for one in all_chores(self.parts)}
        self._index = PostgresIndex(pool, dsn)
        self._offset = 0

    def close(self) -> None:
        self.parts.pool.close()

    def round(self, *names: str) -> None:
        """One round of each chore, in this order; with a start of their own they remember nothing."""
        for name in names:
            self._chores[name].work()

    def restart(self) -> None:
        self._chores = {one.name: one for one in all_chores(self.parts)}

    def camera(self, name: str = "pier-1") -> str:
        return f"{self.cell}.{name}"

    def index(self, *messages: Recording | Track) -> None:
        """Write rows, as the indexer would."""
        recordings = [one for one in messages if isinstance(one, Recording)]
        tracks = [one for one in messages if isinstance(one, Track)]
        self._offset += 1
        with suppress(DayMissing):  # as the indexer does, it is tried again when a day was dropped meanwhile
            self._index.make_days({day_of(one.start) for one in messages})
            self._index.write(recordings, tracks, {("recordings.v1", 0): self._offset})
            return
        self._index.make_days({day_of(one.start) for one in messages})
        self._index.write(recordings, tracks, {("recordings.v1", 0): self._offset})

    def record(self, make: Callable[..., Recording], start_us: int, name: str = "pier-1", **fields: Any) -> Recording:
        """A recording with its object, indexed."""
        made = make(self.camera(name), start=start_us, **fields)
        made = replace(made, bucket="footage", object=footage_key(made))
        self.store.put("footage", made.object, b"x" * 100)
        self.index(made)
        return made

    def versions(self, bucket: str, prefix: str = "") -> list[str]:
        """The key of every version under a prefix, marks of deletions among them."""
        return [one.key for one in self.store.versions(bucket, f"{self.cell}/{prefix}")]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.parts.dsn) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def receipts(self, action: str = "") -> list[dict[str, str]]:
        """The receipts, the oldest first: their detail, with action and resource."""
        return receipts_in(self.parts.dsn, action)


def receipts_in(dsn: str, action: str = "") -> list[dict[str, str]]:
    query = "select action, resource, detail from storage.receipts order by at_us, record_id"
    with psycopg.connect(dsn) as connection:
        found = connection.execute(query).fetchall()
    return [{"action": did, "resource": what, **detail} for did, what, detail in found if did.startswith(action)]


def published_receipts(bootstrap: str, record_ids: Collection[str]) -> list[AuditRecord]:
    """What `audit.v1` has under these ids, repetitions included."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"reader-{uuid4().hex}"})
    parts = [TopicPartition("audit.v1", n) for n in consumer.list_topics("audit.v1").topics["audit.v1"].partitions]
    ends = [consumer.get_watermark_offsets(part, timeout=10) for part in parts]
    consumer.assign(
        [TopicPartition(part.topic, part.partition, low) for part, (low, _) in zip(parts, ends, strict=True)]
    )
    read = []
    for _ in range(sum(high - low for low, high in ends)):
        message = consumer.poll(10)
        assert message is not None
        with suppress(Undecodable):  # other tests write what nobody can read
            read.append(decode("audit.v1", message.value() or b""))
    consumer.close()
    return [one for one in read if isinstance(one, AuditRecord) and one.record_id in record_ids]


def midnight(now_us: int, days_ago: int) -> int:
    """The first microsecond of the day so many days ago."""
    return (day_of(now_us) - days_ago) * DAY_US


def total(receipts: Sequence[Mapping[str, str]], name: str = "count") -> int:
    return sum(int(one[name]) for one in receipts)


def hold(retained: Retained, kind: str, recording: Recording, *, copied: bool = False) -> str:
    """A hold on the recording's camera and hour, and its copy: as the tables have it."""
    now_us = retained.clock.now_us()
    hold_id = f"hld-{kind}"
    approver = "" if kind == "access-request" else "bo"
    retained.rows(
        "insert into storage.holds (hold_id, kind, case_ref, authority, cameras, from_us, to_us, ends_us, requester,"
        " approver, placed_us) values (%s, %s, 'c', 'a', %s, %s, %s, %s, 'ana', %s, %s) returning 1",
        *(hold_id, kind, [recording.camera_id], recording.start, recording.end, now_us + 60 * DAY_US, approver, now_us),
    )
    if copied:
        retained.rows(
            "insert into storage.evidence (hold_id, camera_id, start_us, epoch, end_us, state, recording_id, clock,"
            " codec, width, height, bucket, object, version, size, sha256, init_length, fragments, digests_sha256,"
            " retention_class, locked_until_us, claimed_us)"
            " select %s, camera_id, start_us, epoch, end_us, 'stored', recording_id, clock, codec, width, height,"
            " 'evidence', 'copy', 'v1', size, sha256, init_length, fragments, digests_sha256, retention_class, %s, %s"
            " from storage.recordings where recording_id = %s returning 1",
            *(hold_id, now_us + 7 * DAY_US, now_us, recording.recording_id),
        )
    return hold_id
