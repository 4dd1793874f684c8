"""What the tests of scheme share: the example files, and a register in memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from vantage.contracts import Camera, Rule
from vantage.errors import BrokerUnavailable

EXAMPLES = Path(__file__).resolve().parents[3] / "services" / "scheme" / "examples"


class MemoryRegister:
    """The published state, without an event log, that can be away. tests/integration/scheme/test_register.py holds it
    and the real one to the port.
    """

    def __init__(self) -> None:
        self.log: list[Camera | Rule] = []
        self.away = False

    def cameras(self) -> Mapping[str, Camera]:
        return {change.camera_id: change for change in self.log if isinstance(change, Camera)}

    def rules(self) -> Mapping[str, Rule]:
        return {change.rule_id: change for change in self.log if isinstance(change, Rule)}

    def publish(self, changes: Sequence[Camera | Rule]) -> None:
        if self.away:
            msg = "the log is away"
            raise BrokerUnavailable(msg)
        self.log += changes


@pytest.fixture
def register() -> MemoryRegister:
    return MemoryRegister()


@pytest.fixture
def cameras_file(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.yaml"
    path.write_text((EXAMPLES / "cameras.yaml").read_text())
    return path


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text((EXAMPLES / "rules.yaml").read_text())
    return path
