"""What every camera's thread uses of the rest of the service, so that a test can put something else there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage.contracts.status import CameraState
from vantage_ingest.domain.backoff import Backoff
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.ports import Reader, Target
from vantage_ingest.recorder import Recorder


class Statuses(Protocol):
    """Where a camera's state is told."""

    def set(self, camera_id: str, state: CameraState, cause: str = "", remedy: str = "") -> None:
        """A camera's state."""
        ...

    def note(self, camera_id: str, *, epoch: int, reconnects: int, clock_offset_us: int | None) -> None:
        """Figures beside the state."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What every camera's thread uses of the rest of the service."""

    reader: Reader
    target: Callable[[Camera], Target]
    live: Callable[[LiveFragment], None]
    recorder: Callable[[str], Recorder]
    statuses: Statuses
    backoff: Callable[[], Backoff]
    new_epoch: Callable[[], int]
    clock: Clock
    trust_us: int
