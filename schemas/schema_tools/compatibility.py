"""Whether a reader of the released schemas still understands what is written now.

A field may be added if it is optional. Removed, retyped or newly required fields, and narrowed values, break readers or
stored messages; they need a new topic version (`<topic>.v2`).
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
_BOUNDS = {"minimum": 1, "exclusiveMinimum": 1, "minLength": 1, "minItems": 1}
_CEILINGS = {"maximum": 1, "exclusiveMaximum": 1, "maxLength": 1, "maxItems": 1}


def breaks(released: Schema, current: Schema) -> list[str]:
    """Each break as a line that names the field and what happened to it; empty when compatible."""
    return list(_compare(released, current, "$", Roots(released, current), set()))


class Roots:
    """The two documents that references are resolved in."""

    def __init__(self, released: Schema, current: Schema) -> None:
        self.released = released
        self.current = current

    def resolve(self, schema: Schema, root: Schema) -> Schema:
        """The schema that a `$ref` stands for, or the schema itself."""
        while "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return schema


def _compare(old: Schema, new: Schema, at: str, roots: Roots, seen: set[tuple[str, str]]) -> Iterator[str]:
    key = (old.get("$ref", at), new.get("$ref", at))
    if key in seen:
        return
    if "$ref" in old or "$ref" in new:
        seen.add(key)
    old, new = roots.resolve(old, roots.released), roots.resolve(new, roots.current)
    if _kind(old) != _kind(new):
        yield f"{at}: was {_kind(old)}, is {_kind(new)}"
        return
    yield from _compare_values(old, new, at)
    yield from _compare_objects(old, new, at, roots, seen)
    yield from _compare_lists(old, new, at, roots, seen)
    yield from _compare_choices(old, new, at, roots, seen)


def _kind(schema: Schema) -> str:
    if "anyOf" in schema:
        return "a choice"
    if "enum" in schema or "const" in schema:
        return "an enumeration"
    return str(schema.get("type", "anything"))


def _compare_values(old: Schema, new: Schema, at: str) -> Iterator[str]:
    if gone := set(_values(old)) - set(_values(new)):
        yield f"{at}: the values {sorted(map(str, gone))} are gone"
    if new.get("pattern", old.get("pattern")) != old.get("pattern") and "pattern" in new:
        yield f"{at}: the pattern was {old.get('pattern')!r}, is {new['pattern']!r}"
    for word in _BOUNDS:
        if word in new and new[word] > old.get(word, float("-inf")):
            yield f"{at}: {word} was {old.get(word)}, is {new[word]}"
    for word in _CEILINGS:
        if word in new and new[word] < old.get(word, float("inf")):
            yield f"{at}: {word} was {old.get(word)}, is {new[word]}"


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", []))


def _compare_objects(old: Schema, new: Schema, at: str, roots: Roots, seen: set[tuple[str, str]]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{at}.{name}: is newly required"
    for name, schema in before.items():
        if name not in after:
            yield f"{at}.{name}: is gone"
        else:
            yield from _compare(schema, after[name], f"{at}.{name}", roots, seen)
    if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
        yield from _compare(old["additionalProperties"], new["additionalProperties"], f"{at}.*", roots, seen)


def _compare_lists(old: Schema, new: Schema, at: str, roots: Roots, seen: set[tuple[str, str]]) -> Iterator[str]:
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        yield from _compare(old["items"], new["items"], f"{at}[]", roots, seen)
    before, after = old.get("prefixItems", []), new.get("prefixItems", [])
    if len(after) < len(before):
        yield f"{at}: had {len(before)} items, has {len(after)}"
    for index, (was, now) in enumerate(zip(before, after, strict=False)):
        yield from _compare(was, now, f"{at}[{index}]", roots, seen)


def _compare_choices(old: Schema, new: Schema, at: str, roots: Roots, seen: set[tuple[str, str]]) -> Iterator[str]:
    """Each released choice must still be taken by one of today's: the one of the same name, tag or kind."""
    after = {_choice_name(choice): choice for choice in new.get("anyOf", [])}
    for choice in old.get("anyOf", []):
        name = _choice_name(choice)
        if name not in after:
            yield f"{at}: the choice {name} is gone"
        else:
            yield from _compare(choice, after[name], f"{at}<{name}>", roots, seen)


def _choice_name(schema: Schema) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[1] if "$ref" in schema else _kind(schema)
