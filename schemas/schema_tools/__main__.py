"""`python -m schema_tools write|check|compatible|release`: what `make schemas` and `make lint` run."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from schema_tools.compatibility import breaks
from schema_tools.generate import generated
from schema_tools.source import REPOSITORY, SCHEMAS

RELEASED = SCHEMAS / "released"


def write() -> list[str]:
    """Write each generated file."""
    for path, text in generated().items():
        path.write_text(text)
    return []


def check() -> list[str]:
    """Name each generated file that is not current."""
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    return [f"{_name(path)} is not current: run `make schemas` and commit it" for path in stale]


def compatible() -> list[str]:
    """Name each break with the last released schemas."""
    lines = []
    for path in sorted(RELEASED.glob("*.schema.json")):
        current = SCHEMAS / path.name
        if not current.exists():
            lines.append(f"{path.name}: the topic is gone")
            continue
        lines += [f"{path.name}: {line}" for line in breaks(_load(path), _load(current))]
    return lines


def release() -> list[str]:
    """Make the current schemas the released ones: only if they are compatible."""
    if lines := check() + compatible():
        return lines
    RELEASED.mkdir(exist_ok=True)
    for path in SCHEMAS.glob("*.schema.json"):
        (RELEASED / path.name).write_text(path.read_text())
    return []


def _load(path: Path) -> dict[str, object]:
    return dict(json.loads(path.read_text()))


def _name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "write": write,
    "check": check,
    "compatible": compatible,
    "release": release,
}


def main() -> int:
    """Run the named commands in turn; exit 1 with a line a finding."""
    unknown = [word for word in sys.argv[1:] if word not in COMMANDS]
    if unknown or len(sys.argv) < 2:
        sys.stderr.write(f"unknown command {unknown}: use {', '.join(COMMANDS)}\n")
        return 2
    findings = [line for word in sys.argv[1:] for line in COMMANDS[word]()]
    sys.stderr.writelines(line + "\n" for line in findings)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
