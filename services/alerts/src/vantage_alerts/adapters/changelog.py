"""The topic that holds the engine's state, made as it must be: faust would take the broker's defaults."""

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from vantage.errors import BrokerUnavailable, StartupError
from vantage_alerts.errors import PartitionsDiffer
from vantage_alerts.settings import EngineSettings

_ASK_TIMEOUT_S = 3.0
_CREATE_TIMEOUT_S = 10.0
# compact only: a state that is deleted by age is an alert that nobody closes
_CONFIG = {
    "cleanup.policy": "compact",
    "compression.type": "producer",
    "segment.ms": str(6 * 3_600_000),
    "min.cleanable.dirty.ratio": "0.2",
}


def prepare(settings: EngineSettings, joined: Sequence[str]) -> int:
    """Make the changelog if it is missing, with as many partitions as the joined topics have; that number.

    Raises BrokerUnavailable where the broker cannot be asked, StartupError where a topic is missing or differs.
    """
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap, "log_level": 0})
    try:
        topics = admin.list_topics(timeout=_ASK_TIMEOUT_S).topics
        counts = {name: len(topics[name].partitions) for name in [*joined, settings.changelog] if name in topics}
        wanted = _count(settings, joined, counts)
        if settings.changelog not in counts:
            _create(admin, settings, wanted)
    except KafkaException as error:
        address = settings.kafka_bootstrap
        msg = f"Kafka at {address} does not answer ({error.args[0].str()}); start it or set VANTAGE_KAFKA_BOOTSTRAP"
        raise BrokerUnavailable(msg) from error
    return wanted


def _count(settings: EngineSettings, joined: Sequence[str], counts: dict[str, int]) -> int:
    address = settings.kafka_bootstrap
    if missing := [name for name in joined if name not in counts]:
        msg = f"{address} has no topic {', '.join(missing)}: run `vantage topics apply --bootstrap {address}`"
        raise StartupError(msg)
    if len(set(counts.values())) != 1:
        found = ", ".join(f"{name} {count}" for name, count in counts.items())
        msg = f"these topics are joined and must have equal partition counts, but they have: {found}; make them equal"
        raise PartitionsDiffer(msg)
    return counts[joined[0]]


def _create(admin: AdminClient, settings: EngineSettings, partitions: int) -> None:
    topic = NewTopic(settings.changelog, partitions, settings.alerts_changelog_replication, config=_CONFIG)
    future = admin.create_topics([topic], operation_timeout=_CREATE_TIMEOUT_S)[settings.changelog]
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another replica was quicker
            raise
