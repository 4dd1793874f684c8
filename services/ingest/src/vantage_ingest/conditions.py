"""What a worker knows of each of its cameras, until it is reported: changes of state at once, figures now and then."""

from dataclasses import replace

from vantage.clock import Clock
from vantage.contracts.status import CameraState
from vantage_ingest.domain.status import Condition

_FIGURES_S = 15.0


class Conditions:
    """The conditions of the worker's cameras. All calls come from the loop's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Condition] = {}
        self._changed: set[str] = set()
        self._noted: set[str] = set()
        self._figures_at = 0.0

    def set(self, camera_id: str, state: CameraState, cause: str = "", remedy: str = "") -> None:
        """A camera's state."""
        before = self._known.get(camera_id)
        if before is not None and before.state == state and before.cause == cause and before.remedy == remedy:
            return
        now_us = self._clock.now_us()
        first = Condition(camera_id, state, now_us, cause, remedy)
        self._known[camera_id] = before.changed(state, cause, remedy, now_us) if before else first
        self._changed.add(camera_id)

    def note(self, camera_id: str, **figures: object) -> None:
        """Figures beside the state."""
        known = self._known.get(camera_id)
        if known is not None:
            self._known[camera_id] = replace(known, **figures)  # type: ignore[arg-type]
            self._noted.add(camera_id)

    def forget(self, camera_id: str) -> None:
        """The camera is not this worker's any more."""
        self._known.pop(camera_id, None)
        self._changed.discard(camera_id)
        self._noted.discard(camera_id)

    def take(self) -> list[Condition]:
        """What is worth a report now."""
        now = self._clock.monotonic()
        if now >= self._figures_at:
            self._figures_at = now + _FIGURES_S
            self._changed |= self._noted
            self._noted.clear()
        due, self._changed = self._changed, set()
        return [self._known[camera_id] for camera_id in sorted(due)]
