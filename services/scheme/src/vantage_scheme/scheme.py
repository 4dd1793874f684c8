"""One pass over both files: read, compare with what is published, publish the difference, say what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vantage.camera_networks import CameraNetworks
from vantage.clock import Clock
from vantage.contracts import Camera, Rule
from vantage_scheme.adapters.document import read_document
from vantage_scheme.domain.camera_entry import CameraEntry
from vantage_scheme.domain.plan import Entries, plan_cameras, plan_rules, zones_of
from vantage_scheme.domain.problem import Problem
from vantage_scheme.domain.reading import read_cameras, read_rules
from vantage_scheme.domain.rule_entry import misplaced
from vantage_scheme.errors import Unreadable


class Register(Protocol):
    """The published state of a cell: what `cameras.v1` and `rules.v1` hold."""

    def cameras(self) -> Mapping[str, Camera]:
        """Each camera's published state by its id. Raises Retryable."""

    def rules(self) -> Mapping[str, Rule]:
        """Each rule's published state by its id. Raises Retryable."""

    def publish(self, changes: Sequence[Camera | Rule]) -> None:
        """Publish, and return when the log has them all. Raises Retryable."""


@dataclass(frozen=True)
class Pass:
    """What one pass did: what it published, what is wrong in the files, why cameras are paused, when to look again."""

    cameras: tuple[Camera, ...]
    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    paused: Mapping[str, tuple[str, ...]]
    due_us: int | None


class Scheme:
    """Holds what was read last, so that an authority can expire without the files being read again."""

    def __init__(
        self,
        *,
        cell_id: str,
        cameras: Path,
        rules: Path | None,
        register: Register,
        clock: Clock,
        networks: CameraNetworks | None = None,
    ) -> None:
        self._cell_id = cell_id
        self._cameras_file = cameras
        self._rules_file = rules
        self._register = register
        self._clock = clock
        self._networks = networks
        self._entries: Entries[CameraEntry] = Entries(unreadable_ids=True)
        self._problems: list[Problem] = []

    def read_and_publish(self) -> Pass:
        """Read both files and publish what changed. Raises Retryable where the event log is away."""
        self._entries, self._problems = self._read_cameras()
        cameras = self._publish_cameras()
        rules, problems = self._publish_rules()
        return Pass(cameras.cameras, rules, (*self._problems, *problems), cameras.paused, cameras.due_us)

    def publish_due(self) -> Pass:
        """Publish what time alone has changed since the files were read. Raises Retryable."""
        return self._publish_cameras()

    def published_cameras(self) -> Mapping[str, Camera]:
        """What the cell's cameras are published as."""
        return self._register.cameras()

    def _read_cameras(self) -> tuple[Entries[CameraEntry], list[Problem]]:
        try:
            return read_cameras(read_document(self._cameras_file), self._networks)
        except Unreadable as error:
            return Entries(unreadable_ids=True), [error.problem]

    def _publish_cameras(self) -> Pass:
        plan = plan_cameras(self._cell_id, self._entries, self._register.cameras(), self._clock.now_us())
        self._register.publish(plan.changes)
        return Pass(plan.changes, (), (), plan.paused, plan.due_us)

    def _publish_rules(self) -> tuple[tuple[Rule, ...], list[Problem]]:
        if self._rules_file is None:
            return (), []
        zones = zones_of(self._register.cameras())
        try:
            document = read_document(self._rules_file)
        except Unreadable as error:
            return (), [error.problem]
        entries, problems = read_rules(document, lambda entry: misplaced(entry, self._cell_id, zones))
        changes = plan_rules(self._cell_id, entries, self._register.rules(), self._clock.now_us())
        self._register.publish(changes)
        return changes, problems
