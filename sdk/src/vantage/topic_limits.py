"""Keeps topics that exist from keeping longer than they may.

Kafka deletes whole segments, and one only when its newest message is past `retention.ms`. So the oldest message of a
topic is as old as `retention.ms` and `segment.ms` together, and by default the latter is a week.
"""

from collections.abc import Iterable, Mapping

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

_TIMEOUT_S = 15.0
_LIMITS = ("retention.ms", "segment.ms")


def shorten(admin: AdminClient, wanted: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Set the limits of topics that keep longer than these settings say; the names of those changed.

    A limit that is shorter is somebody's decision and stays. Raises KafkaException.
    """
    changes = [ConfigResource(ResourceType.TOPIC, name) for name in wanted]
    asked = admin.describe_configs(changes, request_timeout=_TIMEOUT_S) if changes else {}
    altered = []
    for resource, future in asked.items():
        entries = list(_longer(future.result(), wanted[resource.name]))
        if entries:
            altered.append(ConfigResource(ResourceType.TOPIC, resource.name, incremental_configs=entries))
    if altered:
        for future in admin.incremental_alter_configs(altered, request_timeout=_TIMEOUT_S).values():
            future.result()
    return sorted(one.name for one in altered)


def _longer(found: Mapping[str, ConfigEntry], wanted: Mapping[str, str]) -> Iterable[ConfigEntry]:
    """The limits to set. Kafka writes -1 where there is none."""
    for name in _LIMITS:
        limit = wanted.get(name)
        if limit is not None and not 0 <= int(found[name].value or -1) <= int(limit):
            yield ConfigEntry(name, limit, incremental_operation=AlterConfigOpType.SET)
