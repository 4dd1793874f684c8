"""What is generated is committed as it would be generated now."""

import yaml

from schema_tools.__main__ import check, compatible
from schema_tools.generate import generated
from schema_tools.source import SCHEMAS


def test_the_generated_files_are_current() -> None:
    assert check() == []


def test_the_schemas_are_compatible_with_the_released_ones() -> None:
    assert compatible() == []


def test_every_topic_was_released() -> None:
    current = {path.name for path in generated() if path.name.endswith(".schema.json")}
    assert {path.name for path in (SCHEMAS / "released").glob("*.schema.json")} <= current


def test_asyncapi_references_resolve() -> None:
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    for name, channel in document["channels"].items():
        for reference in channel["messages"].values():
            message = document["components"]["messages"][reference["$ref"].rsplit("/", 1)[1]]
            schema = message.get("payload", message.get("headers"))
            assert (SCHEMAS / schema["$ref"]).is_file(), name
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
