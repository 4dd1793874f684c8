"""Under which name a static member joins its consumer group.

A cooperative hand-over takes two rounds: in the first a partition is taken from one replica, in the second it is given
to another. A static member that is killed in between and comes back is answered with what it had, and no second round
is held (KIP-345): the partition is nobody's until something else changes the group. So who comes back to a group that
has such partitions comes under another name, which the broker can only answer with a new round.
"""

from collections.abc import Sequence

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from vantage.kafka import client_settings

_log = structlog.get_logger()
_TIMEOUT_S = 5.0


def static_name(bootstrap: str, group: str, name: str, topics: Sequence[str]) -> str:
    """The name itself, or another while the group holds the name but not every partition of the topics.

    Asks the broker once; where that does not answer, the name itself is right more often than not.
    """
    admin = AdminClient(client_settings(bootstrap, name, lambda _error: None))
    try:
        known = admin.list_topics(timeout=_TIMEOUT_S).topics
        members = admin.describe_consumer_groups([group], request_timeout=_TIMEOUT_S)[group].result().members
    except KafkaException:
        return name
    wanted = {(topic, number) for topic in topics if topic in known for number in known[topic].partitions}
    held = {(part.topic, part.partition) for member in members for part in member.assignment.topic_partitions}
    names = {member.group_instance_id for member in members}
    if name not in names or wanted <= held:
        return name
    other = next(other for number in range(2, len(names) + 3) if (other := f"{name}.{number}") not in names)
    _log.info(
        "joining under another name: a hand-over was cut short", name=other, partitions_of_nobody=len(wanted - held)
    )
    return other
