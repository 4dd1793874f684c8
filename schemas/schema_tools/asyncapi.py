"""The AsyncAPI 3 document: one channel a topic, for those who read contracts with the field's own tools."""

from collections.abc import Sequence
from typing import Any

from schema_tools.source import TopicSource

_WRITERS = {
    "cameras.v1": "scheme",
    "rules.v1": "scheme",
    "fragments.v1": "ingest",
    "recordings.v1": "ingest",
    "camera-status.v1": "ingest and detect",
    "detections.v1": "detect and every other detector",
    "tracks.v1": "detect and every other detector",
    "findings.v1": "the alerts engine",
    "alerts.v1": "the alerts desk",
    "audit.v1": "api, and every service that owes a receipt",
    "dlq": "every consumer",
}


def document(topics: Sequence[TopicSource]) -> dict[str, Any]:
    """The whole document; messages refer to the JSON Schema files beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vantage events",
            "version": "1.0.0",
            "description": "The events of one cell. Times are UTC microseconds of capture; boxes are 0..65535 of the "
            "frame; scores 0..255. Values are JSON (UTF-8), compressed with zstd by the producer.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.topic: _channel(topic) for topic in topics},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics},
        "components": {"messages": {topic.contract: _message(topic) for topic in topics}},
    }


def _channel(topic: TopicSource) -> dict[str, Any]:
    kafka: dict[str, Any] = {"topicConfiguration": {"cleanup.policy": topic.cleanup}, "bindingVersion": "0.5.0"}
    if topic.retention_hours is not None:
        kafka["topicConfiguration"]["retention.ms"] = topic.retention_hours * 3_600_000
    return {
        "address": topic.pattern or topic.topic,
        "description": topic.description,
        "messages": {topic.contract: {"$ref": f"#/components/messages/{topic.contract}"}},
        "bindings": {"kafka": kafka},
    }


def _operation_name(topic: TopicSource) -> str:
    return "send-" + topic.topic.replace(".", "-")


def _operation(topic: TopicSource) -> dict[str, Any]:
    return {
        "action": "send",
        "summary": f"Written by {_WRITERS[topic.topic]}.",
        "channel": {"$ref": f"#/channels/{topic.topic}"},
    }


def _message(topic: TopicSource) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": topic.contract,
        "contentType": "application/json",
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
    }
    schema = {"$ref": f"./{topic.topic}.schema.json"}
    if topic.topic == "dlq":
        return message | {"contentType": "application/octet-stream", "headers": schema}
    examples = [{"name": example.name, "payload": example.value} for example in topic.examples]
    return message | {"payload": schema, "examples": examples}
