"""The files that are made from the source; a test and `make lint` hold them to be current."""

import json
from pathlib import Path
from typing import Any

import msgspec
import yaml

from schema_tools.asyncapi import document
from schema_tools.source import REPOSITORY, SCHEMAS, TopicSource, read_topics
from vantage.contracts.registry import CONTRACTS

_HOUR_MS = 3_600_000


def generated() -> dict[Path, str]:
    """Each generated file's path and text."""
    topics = read_topics()
    _check_contracts(topics)
    files = {SCHEMAS / f"{topic.topic}.schema.json": _dump(json_schema(topic)) for topic in topics}
    files[SCHEMAS / "asyncapi.yaml"] = yaml.safe_dump(document(topics), sort_keys=False, width=110, allow_unicode=True)
    files[REPOSITORY / "sdk/src/vantage/topics.json"] = _dump([_row(topic) for topic in topics])
    return files


def json_schema(topic: TopicSource) -> dict[str, Any]:
    """The topic's JSON Schema (draft 2020-12) from its struct, with the YAML's title, description and examples."""
    schema, components = msgspec.json.schema_components([CONTRACTS[topic.topic]], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:vantage:schema:{topic.topic}",
        "title": topic.contract,
        "description": topic.description,
        "version": topic.version,
        **schema[0],
        "$defs": components,
        "examples": [example.value for example in topic.examples],
    }


def _check_contracts(topics: list[TopicSource]) -> None:
    for topic in topics:
        struct = CONTRACTS.get(topic.topic)
        if struct is None or struct.__name__ != topic.contract:
            msg = f"{topic.topic}.yaml names contract {topic.contract!r}, the SDK has {struct!r}"
            raise ValueError(msg)
    if missing := set(CONTRACTS) - {topic.topic for topic in topics}:
        msg = f"contracts without a file in schemas/topics: {sorted(missing)}"
        raise ValueError(msg)


def _row(topic: TopicSource) -> dict[str, Any]:
    return {
        "name": topic.topic,
        "contract": topic.contract,
        "version": topic.version,
        "description": topic.description,
        "key": topic.key,
        "cleanup": topic.cleanup,
        "retention_ms": None if topic.retention_hours is None else topic.retention_hours * _HOUR_MS,
        "partitions": topic.partitions,
        "rate": topic.rate,
    }


def _dump(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
