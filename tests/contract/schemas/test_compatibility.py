"""The check refuses what would break a reader, and lets through what would not."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schema_tools.compatibility import breaks
from schema_tools.source import SCHEMAS

CAMERA: dict[str, Any] = json.loads((SCHEMAS / "cameras.v1.schema.json").read_text())
RULE: dict[str, Any] = json.loads((SCHEMAS / "rules.v1.schema.json").read_text())
ALL = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.schema.json"))]


def changed(schema: dict[str, Any], struct: str) -> tuple[dict[str, Any], dict[str, Any]]:
    copied = copy.deepcopy(schema)
    return copied, copied["$defs"][struct]


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for struct, body in schema["$defs"].items():
        for name in body.get("properties", {}):
            yield struct, name


class TestWhatIsRefused:
    @pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema["$id"])
    def test_removing_any_field_anywhere(self, schema: dict[str, Any]) -> None:
        for struct, name in properties(schema):
            after, body = changed(schema, struct)
            del body["properties"][name]
            assert any(f".{name}: is gone" in line for line in breaks(schema, after)), (struct, name)

    @pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema["$id"])
    def test_retyping_any_field_anywhere(self, schema: dict[str, Any]) -> None:
        for struct, name in properties(schema):
            after, body = changed(schema, struct)
            body["properties"][name] = {"type": "null"}
            assert any(f".{name}: was" in line for line in breaks(schema, after)), (struct, name)

    @pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema["$id"])
    def test_newly_requiring_any_optional_field(self, schema: dict[str, Any]) -> None:
        for struct, name in properties(schema):
            after, body = changed(schema, struct)
            if name in body.get("required", []):
                continue
            body["required"] = [*body.get("required", []), name]
            assert any(f".{name}: is newly required" in line for line in breaks(schema, after)), (struct, name)

    def test_adding_a_required_field(self) -> None:
        after, body = changed(CAMERA, "Camera")
        body["properties"]["warden"] = {"type": "string"}
        body["required"].append("warden")
        assert breaks(CAMERA, after) == ["$.warden: is newly required"]

    def test_removing_a_value_of_an_enumeration(self) -> None:
        after, body = changed(CAMERA, "Camera")
        body["properties"]["state"]["enum"].remove("paused")
        assert breaks(CAMERA, after) == ["$.state: the values ['paused'] are gone"]

    def test_removing_a_choice(self) -> None:
        after, body = changed(RULE, "Rule")
        body["properties"]["condition"]["anyOf"].pop()
        assert any("the choice" in line and "is gone" in line for line in breaks(RULE, after))

    @pytest.mark.parametrize(
        ("field", "word", "value"), [("revision", "minimum", 5), ("name", "maxLength", 3), ("cell_id", "pattern", "x")]
    )
    def test_narrowing_what_a_value_may_be(self, field: str, word: str, value: object) -> None:
        after, body = changed(CAMERA, "Camera")
        body["properties"][field][word] = value
        assert len(breaks(CAMERA, after)) == 1

    def test_shortening_a_row(self) -> None:
        fragment = json.loads((SCHEMAS / "fragments.v1.schema.json").read_text())
        after, body = changed(fragment, "Frame")
        body["prefixItems"].pop()
        assert any("had 3 items, has 2" in line for line in breaks(fragment, after))


class TestWhatIsAllowed:
    @pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema["$id"])
    def test_nothing_changed(self, schema: dict[str, Any]) -> None:
        assert breaks(schema, copy.deepcopy(schema)) == []

    def test_adding_an_optional_field(self) -> None:
        after, body = changed(CAMERA, "Camera")
        body["properties"]["warden"] = {"type": "string", "default": ""}
        assert breaks(CAMERA, after) == []

    def test_making_a_required_field_optional_is_allowed_to_readers_with_a_default(self) -> None:
        after, body = changed(CAMERA, "Source")
        body["required"] = []
        assert breaks(CAMERA, after) == []

    def test_adding_a_value_and_a_choice(self) -> None:
        after, body = changed(RULE, "Rule")
        body["properties"]["severity"]["enum"].append("catastrophic")
        body["properties"]["condition"]["anyOf"].append({"$ref": "#/$defs/CrowdCount"})
        assert breaks(RULE, after) == []
