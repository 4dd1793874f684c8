"""The published state of a cell, in the event log: two compacted topics, read whole at the start and then followed."""

from collections.abc import Mapping, Sequence
from typing import Self

from vantage.contracts import Camera, Rule
from vantage.errors import BrokerUnavailable
from vantage.publish import Publisher
from vantage.table import Table
from vantage_scheme.errors import RegisterNotReady
from vantage_scheme.metrics import PUBLISHED
from vantage_scheme.settings import SchemeSettings

CAMERAS = "cameras.v1"
RULES = "rules.v1"
_FLUSH_S = 10.0


class KafkaRegister:
    """What was published from here counts at once, without waiting for the tables to read it back."""

    def __init__(self, cameras: Table[Camera], rules: Table[Rule], publisher: Publisher) -> None:
        self._cameras = cameras
        self._rules = rules
        self._publisher = publisher
        self._own_cameras: dict[str, Camera] = {}
        self._own_rules: dict[str, Rule] = {}

    @classmethod
    def open(cls, settings: SchemeSettings) -> Self:
        """Begin to read both topics; `wait_ready` before use."""
        cameras, rules = Table(settings, CAMERAS, Camera), Table(settings, RULES, Rule)
        return cls(cameras.start(), rules.start(), Publisher.from_settings(settings, "scheme"))

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until each topic was read to its end. Raises RegisterNotReady."""
        try:
            self._cameras.wait_ready(timeout_s)
            self._rules.wait_ready(timeout_s)
        except BrokerUnavailable as error:
            msg = f"{error}; check that Kafka runs there and has the topics (`vantage topics apply`)"
            raise RegisterNotReady(msg) from error

    def stop(self) -> None:
        """Stop following."""
        self._cameras.stop()
        self._rules.stop()

    def cameras(self) -> Mapping[str, Camera]:
        """Each camera's published state by its id."""
        found = self._cameras.items()
        for key, own in self._own_cameras.items():
            if key not in found or found[key].revision <= own.revision:
                found[key] = own
        return found

    def rules(self) -> Mapping[str, Rule]:
        """Each rule's published state by its id."""
        found = self._rules.items()
        for key, own in self._own_rules.items():
            if key not in found or found[key].version <= own.version:
                found[key] = own
        return found

    def publish(self, changes: Sequence[Camera | Rule]) -> None:
        """Publish, and return when the log has them all. Raises BrokerUnavailable, PublishFailed."""
        for change in changes:
            self._publisher.publish(CAMERAS if isinstance(change, Camera) else RULES, change)
        if changes:
            self._publisher.flush(_FLUSH_S)
        for change in changes:
            self._note(change)

    def _note(self, change: Camera | Rule) -> None:
        if isinstance(change, Camera):
            self._own_cameras[change.camera_id] = change
            PUBLISHED.labels(CAMERAS).inc()
        else:
            self._own_rules[change.rule_id] = change
            PUBLISHED.labels(RULES).inc()
