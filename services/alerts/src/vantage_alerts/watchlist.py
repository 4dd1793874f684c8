"""Which rules each camera is watched by, kept ready and made anew when rules or cameras change."""

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from vantage.contracts import Camera, Rule
from vantage_alerts.domain.watch import Watch, watches

T = TypeVar("T")


class Followed(Protocol, Generic[T]):
    """A table that follows a topic."""

    def get(self, key: str) -> T | None:
        """The row of a key."""

    def items(self) -> dict[str, T]:
        """All rows."""

    def has_read(self, partition: int, offset: int) -> bool:
        """Whether the record that stands there is in the rows."""

    def on_change(self, listener: Callable[[str, T | None], None]) -> None:
        """Call back in the table's thread for each change."""


class Watchlist:
    """A camera's watches are computed once and hold until either table changes.

    The tables change in threads of their own: what was computed while one of them did is of an old generation and is
    computed again, so no camera keeps a rule that has changed.
    """

    def __init__(self, cameras: Followed[Camera], rules: Followed[Rule]) -> None:
        self._cameras = cameras
        self._rules = rules
        self._generation = 0
        self._ready: dict[str, tuple[int, Mapping[str, Watch]]] = {}
        cameras.on_change(self._changed)
        rules.on_change(self._changed)

    def of(self, camera_id: str) -> Mapping[str, Watch]:
        """The rules that are judged at the camera now, by rule id."""
        generation = self._generation
        found = self._ready.get(camera_id)
        if found is not None and found[0] == generation:
            return found[1]
        watched = watches(self._cameras.get(camera_id), self._rules.items().values())
        self._ready[camera_id] = (generation, watched)
        return watched

    def has_read(self, partition: int, offset: int) -> bool:
        """Whether the table of cameras has come as far as this record of its topic."""
        return self._cameras.has_read(partition, offset)

    def _changed(self, _key: str, _row: Camera | Rule | None) -> None:
        self._generation += 1
