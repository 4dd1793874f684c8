"""YAML files that still know on which line each value stands."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vantage_scheme.domain.problem import Problem
from vantage_scheme.domain.reading import FieldPath
from vantage_scheme.errors import Unreadable


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses what YAML forbids and PyYAML lets pass: a field that is there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True)
class YamlDocument:
    """One parsed file."""

    name: str
    values: Any
    root: yaml.Node | None

    def line_of(self, path: FieldPath) -> int:
        """The line of a path, counted from 1, or of the deepest part of it that is there."""
        node, line = self.root, 1
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line


def read_document(path: Path) -> YamlDocument:
    """Parse a file. Raises Unreadable with the one problem that keeps it from being parsed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise Unreadable(Problem(str(path), 0, "file", "", reason, "check the path and its rights")) from error
    return parse_document(str(path), text)


def parse_document(name: str, text: str) -> YamlDocument:
    """Parse a text. Raises Unreadable."""
    try:
        return _parse(name, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        wrong = error.problem or "is not YAML"
        line = mark.line + 1 if mark else 1
        raise Unreadable(Problem(name, line, "file", "", wrong, "correct the YAML on this line")) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        wrong = f"holds the character {error.character:#06x}, which no YAML file may"
        raise Unreadable(Problem(name, line, "file", "", wrong, "take it out, or restore the file")) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        wrong = str(error).splitlines()[0]
        raise Unreadable(Problem(name, 1, "file", "", wrong, "correct the YAML of this file")) from error


def _parse(name: str, text: str) -> YamlDocument:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        return YamlDocument(name, loader.construct_document(root) if root else None, root)
    finally:
        loader.dispose()


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child = node.value[part]
        return child.start_mark.line + 1, child
    return None
