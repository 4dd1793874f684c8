"""The topics as their YAML says them: the single source of what a topic is for, how it is kept, and its examples."""

from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

SCHEMAS = Path(__file__).resolve().parents[1]
REPOSITORY = SCHEMAS.parent


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message that must decode, and what it shows."""

    name: str
    value: dict[str, Any]


class TopicSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of `schemas/topics`."""

    topic: str
    contract: str
    version: int
    description: str
    key: str
    cleanup: list[Literal["compact", "delete"]]
    retention_hours: int | None = None
    partitions: Literal["joined", "one"]
    rate: Literal["low", "high"]
    pattern: str | None = None
    examples: list[Example]


def read_topics(folder: Path = SCHEMAS / "topics") -> list[TopicSource]:
    """Every topic, by name.

    Raises msgspec.ValidationError naming the field, ValueError where a file is not named for its topic.
    """
    topics = []
    for path in sorted(folder.glob("*.yaml")):
        topic = msgspec.convert(yaml.safe_load(path.read_text()), TopicSource)
        if path.stem != topic.topic:
            msg = f"{path.name} holds topic {topic.topic!r}: name the file {topic.topic}.yaml"
            raise ValueError(msg)
        topics.append(topic)
    return topics
