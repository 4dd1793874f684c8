"""What is wrong with one field of a file, said so that it can be put right without reading code."""

from dataclasses import dataclass

from vantage.camera_address import without_secrets

_LONGEST = 80


@dataclass(frozen=True)
class Problem:
    """One fault: where (file, line, field), which value, what is wrong with it, and the remedy."""

    file: str
    line: int
    field: str
    value: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        value = f" {self.value}" if self.value else ""
        return f"{self.file}:{self.line}: {self.field}:{value} {self.wrong}; {self.remedy}"


def shown(value: object) -> str:
    """A value as a message shows it: short, and without a password where it is an address that holds one."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, str) and (":/" in value or "@" in value):
        value = without_secrets(value)
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
