"""What the check reads of the other books: receipts, policies, places in the event log, holds, and its own results."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from psycopg import Connection

from vantage.errors import BrokerUnavailable
from vantage.kafka import client_settings
from vantage_storage.domain.day import DAY_US

_TIMEOUT_S = 10.0
_UNPUBLISHED = "select count(*), min(at_us) from storage.receipts where not published and at_us < %s"
_NO_POLICY = """
    select detail ->> 'policy_version', count(*), min(resource) from storage.receipts
    where detail ? 'policy_version' and not exists (
        select from storage.policies where version::text = detail ->> 'policy_version'
    )
    group by 1 order by 1
"""
_OFFSETS = "select topic, partition, next_offset from storage.offsets order by topic, partition"
_WITHOUT_COPY = f"""
    select of.camera_id, of.recording_id from storage.recordings as of
    where camera_id = any(%s) and start_us < %s and start_us > %s - {DAY_US} and end_us > %s and not garbage
      and end_us < %s
      and not exists (
          select from storage.evidence as copy
          where (copy.hold_id, copy.camera_id, copy.start_us, copy.epoch)
              = (%s, of.camera_id, of.start_us, of.epoch)
      )
"""  # noqa: S608  # made of a constant
_WRITE = """
    insert into storage.checks (began_us, ended_us, whole, seed, counts, disagreements) values (%s, %s, %s, %s, %s, %s)
"""
_LAST = "select ended_us, disagreements from storage.checks where whole order by ended_us desc limit 1"
_FORGET = "delete from storage.checks where ended_us < %s"


@dataclass
class Result:
    """What a check found: how much it looked at, and how many disagreements of each kind."""

    began_us: int
    seed: str
    whole: bool
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("rows", "objects", "copies", "hashed"), 0))
    disagreements: dict[str, int] = field(default_factory=dict)


def unpublished(connection: Connection, before_us: int) -> tuple[int, int]:
    """How many receipts from before that are not published, and when the first was written."""
    count, first = connection.execute(_UNPUBLISHED, [before_us]).fetchone() or (0, None)
    return count, first or 0


def of_no_policy(connection: Connection) -> Sequence[tuple[str, int, str]]:
    """Versions of the policy that receipts name and that are not there: how many do, and the resource of one."""
    return connection.execute(_NO_POLICY).fetchall()


def offsets(connection: Connection) -> Mapping[tuple[str, int], int]:
    """Where the index reads each partition on."""
    return {(topic, number): place for topic, number, place in connection.execute(_OFFSETS).fetchall()}


def watermarks(bootstrap: str, places: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], tuple[int, int]]:
    """The first and the next offset of each partition that is there. Raises BrokerUnavailable."""
    settings = client_settings(bootstrap, "storage-fsck", lambda _error: None) | {"group.id": "storage-fsck"}
    consumer = Consumer(settings)
    try:
        topics = consumer.list_topics(timeout=_TIMEOUT_S).topics
        there = [place for place in places if place[0] in topics and place[1] in topics[place[0]].partitions]
        return {place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=_TIMEOUT_S) for place in there}
    except KafkaException as error:
        msg = f"the topics' ends cannot be read at {bootstrap}: {error.args[0].str()}; is Kafka running there?"
        raise BrokerUnavailable(msg) from error
    finally:
        consumer.close()


def without_copy(
    connection: Connection, hold_id: str, cameras: Sequence[str], window: tuple[int, int], ended_before_us: int
) -> Iterator[tuple[str, str]]:
    """The recordings (camera, id) that a hold covers and that have no row in `storage.evidence`."""
    first, until = window
    values = [list(cameras), until, first, first, ended_before_us, hold_id]
    yield from connection.execute(_WITHOUT_COPY, values)


def write(connection: Connection, result: Result, ended_us: int, forget_before_us: int) -> None:
    """Keep a result, and forget those that ended before a time."""
    counts, found = (msgspec.json.encode(one).decode() for one in (result.counts, result.disagreements))
    connection.execute(_WRITE, [result.began_us, ended_us, result.whole, result.seed, counts, found])
    connection.execute(_FORGET, [forget_before_us])


def last_whole(connection: Connection) -> tuple[int, Mapping[str, int]] | None:
    """When the last check of the whole cell ended, and how many disagreements of each kind it found."""
    row = connection.execute(_LAST).fetchone()
    return (row[0], row[1]) if row else None
