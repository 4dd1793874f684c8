"""The topics, as the event log is to hold them: made from `schemas/topics/*.yaml` by `make schemas`.

Topics that are joined have equal partition counts, so that a camera's messages meet in one consumer.
"""

import json
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from vantage.errors import BrokerUnavailable
from vantage.kafka import client_settings
from vantage.topic_limits import shorten

DEAD_LETTER_SUFFIX = ".dlq"
_ADMIN_TIMEOUT_S = 15.0
_LOOK_S = 0.1
_SHORTEST_SEGMENT_MS = 600_000
_LONGEST_SEGMENT_MS = 86_400_000


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic: its key's meaning, what the log may forget, and how its partitions are counted."""

    name: str
    contract: str
    version: int
    description: str
    key: str
    cleanup: list[Literal["compact", "delete"]]
    retention_ms: int | None
    partitions: Literal["joined", "one"]
    rate: Literal["low", "high"]

    @property
    def segment_ms(self) -> int | None:
        """How long a segment may be written to: an eighth of what is kept, within ten minutes and a day.

        Only whole segments are deleted, so this is how much longer than `retention_ms` the oldest message may stay;
        and each segment costs its broker some files.
        """
        if self.retention_ms is None:
            return None
        return min(max(self.retention_ms // 8, _SHORTEST_SEGMENT_MS), _LONGEST_SEGMENT_MS)

    @property
    def reach_ms(self) -> int | None:
        """How old the oldest message gets; None where the newest of each key stays."""
        if self.retention_ms is None or self.segment_ms is None:
            return None
        return self.retention_ms + self.segment_ms

    def config(self) -> dict[str, str]:
        """The topic's settings as Kafka names them."""
        config = {"cleanup.policy": ",".join(self.cleanup), "compression.type": "producer"}
        if self.retention_ms is not None:
            config |= {"retention.ms": str(self.retention_ms), "segment.ms": str(self.segment_ms)}
        return config


def dead_letter_topic(topic: str) -> str:
    """The name of the topic that holds another topic's dead letters."""
    return topic + DEAD_LETTER_SUFFIX


@cache
def _load() -> Mapping[str, Topic]:
    rows = msgspec.convert(json.loads(files("vantage").joinpath("topics.json").read_text()), list[Topic])
    return MappingProxyType({row.name: row for row in rows})


TOPICS: Mapping[str, Topic] = _load()


def wanted(partitions: int) -> dict[str, tuple[int, dict[str, str]]]:
    """Every topic of a cell, dead letters included, with its partition count and settings."""
    letters = TOPICS["dlq"]
    topics = {}
    for topic in TOPICS.values():
        if topic is letters:
            continue
        topics[topic.name] = (partitions if topic.partitions == "joined" else 1, topic.config())
        topics[dead_letter_topic(topic.name)] = (1, letters.config())
    return topics


def apply(bootstrap: str, partitions: int, *, replication: int = 1) -> list[str]:
    """Make the topics that are missing and return their names; those that exist are kept from keeping longer than here.

    Returns when each new partition answers. Raises BrokerUnavailable where the broker cannot be reached or refuses.
    """
    admin = AdminClient(client_settings(bootstrap, "topics", lambda _error: None))
    try:
        present = admin.list_topics(timeout=_ADMIN_TIMEOUT_S).topics
        all_topics = wanted(partitions)
        missing = {name: spec for name, spec in all_topics.items() if name not in present}
        _create(admin, missing, replication)
        shorten(admin, {name: config for name, (_, config) in all_topics.items() if name in present})
        _wait_until_served(admin, [TopicPartition(name, n) for name, spec in missing.items() for n in range(spec[0])])
    except KafkaException as error:
        msg = f"cannot make the topics at {bootstrap}: {error.args[0].str()}; is Kafka running there?"
        raise BrokerUnavailable(msg) from error
    return sorted(missing)


def _create(admin: AdminClient, missing: Mapping[str, tuple[int, dict[str, str]]], replication: int) -> None:
    if not missing:
        return
    new = [NewTopic(name, count, replication, config=config) for name, (count, config) in missing.items()]
    for future in admin.create_topics(new, operation_timeout=_ADMIN_TIMEOUT_S).values():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
                raise


def _wait_until_served(admin: AdminClient, partitions: Sequence[TopicPartition]) -> None:
    """A new partition is known before its leader serves it: who used it at once would be refused."""
    end = time.monotonic() + _ADMIN_TIMEOUT_S
    while partitions:
        asked = admin.list_offsets({part: OffsetSpec.latest() for part in partitions})  # type: ignore[no-untyped-call]
        failed = {part: error for part, future in asked.items() if (error := future.exception())}
        if failed and time.monotonic() > end:
            raise next(iter(failed.values()))
        partitions = list(failed)
        time.sleep(_LOOK_S if failed else 0)
