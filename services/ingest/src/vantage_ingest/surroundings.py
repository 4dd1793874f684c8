"""What every camera's task uses of the rest of the worker, so that a test can put something else there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vantage.clock import Clock
from vantage.contracts import Camera
from vantage.contracts.base import StreamName
from vantage.contracts.status import CameraState, Shed
from vantage_ingest.adapters.loop import Loop
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.backoff import Attempts, Backoff
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.orders import Duty
from vantage_ingest.ports import Reader, Target
from vantage_ingest.recorder import Recorder


class Statuses(Protocol):
    """Where a camera's state is told."""

    def set(self, camera_id: str, state: CameraState, cause: str = "", remedy: str = "") -> None:
        """A camera's state."""
        ...

    def note(self, camera_id: str, **figures: object) -> None:
        """Figures beside the state: fields of `Condition`."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What every camera's task uses of the rest of the worker. All of it is called in the loop's thread."""

    loop: Loop
    reader: Callable[[Duty], Reader]
    target: Callable[[Camera, StreamName], Target]
    live: Callable[[LiveFragment], None]
    sample: Callable[[Camera, Cut, StreamName], None]
    shed: Callable[[str], Shed]
    recorder: Callable[[Duty], Recorder]
    statuses: Statuses
    unhandled: Callable[[str, str], None]
    backoff: Callable[[], Backoff]
    attempts: Attempts
    new_epoch: Callable[[], int]
    clock: Clock
    trust_us: int
