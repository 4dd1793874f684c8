"""From a parsed file to entries and problems: each entry by itself, so that one bad camera stops no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from vantage.camera_networks import CameraNetworks
from vantage_scheme.domain.camera_entry import CameraEntry
from vantage_scheme.domain.plan import Entries
from vantage_scheme.domain.problem import Problem, shown
from vantage_scheme.domain.rule_entry import RuleEntry

E = TypeVar("E", CameraEntry, RuleEntry)
FieldPath = Sequence[str | int]

_REMEDIES = {
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is not a field here", "correct its name or take it out; docs/guides/cameras.md lists all"),
    "string_type": ("is not a text", "put it in quotes"),
    "string_pattern_mismatch": ("has characters that are not allowed", "it must match {pattern}"),
    "literal_error": ("is not one of the choices", "write {expected}"),
    "union_tag_not_found": ("has no `type`", "add type: intrusion or type: crowd-count"),
    "union_tag_invalid": ("has the type {tag}, which is not known", "write one of {expected_tags}"),
    "too_short": ("has too few entries", "give at least {min_length}"),
    "too_long": ("has too many entries", "give at most {max_length}"),
    "string_too_short": ("is empty", "write at least {min_length} character"),
    "string_too_long": ("is too long", "keep to {max_length} characters"),
    "greater_than_equal": ("is too small", "it must be at least {ge}"),
    "less_than_equal": ("is too large", "it must be at most {le}"),
    "model_type": ("is not a group of fields", "write its fields below it, two spaces further in"),
    "list_type": ("is not a list", "write one entry a line, each behind a hyphen"),
    "float_type": ("is not a number", "write a number without quotes"),
    "int_type": ("is not a whole number", "write a whole number without quotes"),
    "bool_type": ("is not true or false", "write true or false"),
    "finite_number": ("is not a finite number", "write a number without quotes"),
    "model_attributes_type": ("is not a group of fields", "write its fields below it, two spaces further in"),
    "invalid_key": ("is not the name of a field", "write a name; docs/guides/cameras.md lists all"),
}


class Document(Protocol):
    """A parsed file that still knows its lines."""

    @property
    def name(self) -> str:
        """The file's name, for messages."""

    @property
    def values(self) -> Any:
        """What the file says, as plain lists, mappings and scalars."""

    def line_of(self, path: FieldPath) -> int:
        """The line of a path, or of the deepest part of it that is there."""


@dataclass(frozen=True)
class _Item:
    document: Document
    kind: str
    index: int

    @property
    def values(self) -> Any:
        return self.document.values[self.kind][self.index]

    @property
    def name(self) -> str | None:
        known = self.values.get("id") if isinstance(self.values, dict) else None
        return known if isinstance(known, str) and known else None

    def problem(self, where: FieldPath, value: object, wrong: str, remedy: str) -> Problem:
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
        whose = f"{self.kind}[{self.index}]" + (f" ({self.name})" if self.name else "")
        line = self.document.line_of([self.kind, self.index, *where])
        return Problem(self.document.name, line, f"{whose} {field}".strip(), shown(value), wrong, remedy)


def read_cameras(
    document: Document, networks: CameraNetworks | None = None
) -> tuple[Entries[CameraEntry], list[Problem]]:
    """The cameras of a camera file; `networks` are those where cameras stand, if that is known."""
    return _read(document, "cameras", CameraEntry, lambda _: None, {"networks": networks})


def read_rules(
    document: Document, misplaced: Callable[[RuleEntry], str | None]
) -> tuple[Entries[RuleEntry], list[Problem]]:
    """The rules of a rules file; `misplaced` says why a rule cannot hold on the cameras it names."""
    return _read(document, "rules", RuleEntry, misplaced, {})


def _read(
    document: Document,
    kind: str,
    model: type[E],
    fault: Callable[[E], str | None],
    context: Mapping[str, CameraNetworks | None],
) -> tuple[Entries[E], list[Problem]]:
    if problem := _outer_problem(document, kind):
        return Entries(unreadable_ids=True), [problem]
    good: dict[str, E] = {}
    bad: set[str] = set()
    problems: list[Problem] = []
    unreadable = False
    for index in range(len(document.values[kind])):
        item = _Item(document, kind, index)
        found = _item_problems(item, model, fault, good, context)
        if not isinstance(found, list):
            good[found.id] = found
            continue
        problems += found
        unreadable |= item.name is None or any(problem.field.endswith(" id") for problem in found)
        bad.add(item.name or "")
    return Entries(tuple(good.values()), frozenset(bad - {""}), unreadable), problems


def _item_problems(
    item: _Item,
    model: type[E],
    fault: Callable[[E], str | None],
    good: dict[str, E],
    context: Mapping[str, CameraNetworks | None],
) -> E | list[Problem]:
    if item.name in good:
        return [item.problem(["id"], item.name, "is there twice", "give each an id of its own; the first one counts")]
    try:
        entry = model.model_validate(item.values, context=dict(context))
    except ValidationError as error:
        return [_as_problem(item, dict(one)) for one in error.errors(include_url=False)]
    if reason := fault(entry):
        return [item.problem(["cameras"], None, reason, "correct the name, or add what it names to the camera file")]
    return entry


def _as_problem(item: _Item, error: dict[str, Any]) -> Problem:
    where = [part for part in error["loc"] if part not in ("intrusion", "crowd-count")]
    if error["type"] == "value_error":
        wrong, _, remedy = str(error["ctx"]["error"]).partition("; ")
    else:
        wrong, remedy = _REMEDIES.get(
            error["type"], (error["msg"].replace("{", "{{").replace("}", "}}"), "see docs/guides/cameras.md")
        )
        wrong, remedy = (text.format(**error.get("ctx", {})) for text in (wrong, remedy))
    value = None if error["type"] == "missing" else error["input"]
    return item.problem(where, value, wrong, remedy)


def _outer_problem(document: Document, kind: str) -> Problem | None:
    values = document.values
    if not isinstance(values, dict) or not isinstance(values.get(kind), list):
        wrong, remedy = "is missing or not a list", f"the file is `{kind}:` and one entry a hyphen below it"
        return Problem(document.name, 1, kind, "", wrong, remedy)
    if extra := [key for key in values if key != kind]:
        line = document.line_of([extra[0]])
        return Problem(document.name, line, str(extra[0]), "", "is not a field here", f"the file holds `{kind}:` alone")
    return None
