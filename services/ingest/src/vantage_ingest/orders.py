"""What the supervisor and its workers say to each other: orders down, reports up."""

from typing import Literal

from vantage.contracts import Camera
from vantage.contracts.base import Message, Origin
from vantage.contracts.recording import GapCause
from vantage_ingest.domain.masking import origin_of
from vantage_ingest.domain.status import Condition

ReaderKind = Literal["native", "ffmpeg", "masking"]


class Why(Message, frozen=True, kw_only=True):
    """The cause of time that is not recorded, for the ledger; None where it is simply not running."""

    cause: GapCause | None = None
    detail: str = ""


class Duty(Message, frozen=True, kw_only=True):
    """One camera that a worker is to read. `number` stands for it in what outlives a crash of the worker.

    `live` is false while another replica may own the camera: it is recorded then, and nothing is shown. `before` is why
    what comes before is missing, where the camera's own past does not tell.
    """

    camera: Camera
    partition: int
    epoch: int
    number: int
    reader: ReaderKind
    live: bool = True
    before: Why | None = None

    @property
    def origin(self) -> Origin:
        """Who codes the pictures that are kept."""
        return origin_of(self.camera) if self.reader == "masking" else Origin()


class Duties(Message, frozen=True, kw_only=True, tag="duties"):
    """All that the worker is to read from now on, and how many bytes its spool may hold. `leaving` says why a camera
    that is not among them is let go; the worker answers with `Done` when that has happened.
    """

    serial: int
    duties: list[Duty]
    leaving: dict[str, Why] = {}
    spool_bytes: int


class Stop(Message, frozen=True, kw_only=True, tag="stop"):
    """Finish all recordings, bring them away as far as that goes within seconds, and end."""

    why: Why = Why()


class Recovered(Message, frozen=True, kw_only=True, tag="recovered"):
    """The worker has its folder for itself, and the ends of what an earlier worker recorded there are known."""


class Done(Message, frozen=True, kw_only=True, tag="done"):
    """The duties of this serial are followed: cameras that were let go are free for another worker."""

    serial: int


class Beat(Message, frozen=True, kw_only=True, tag="beat"):
    """The loop turns: how late it is, how many bytes its spool holds, and what the worker waits for."""

    lag: float
    spooled: int
    waiting: dict[str, str] = {}


class News(Message, frozen=True, kw_only=True, tag="news"):
    """Conditions that changed, and cameras that the default reader cannot handle, each with the reason."""

    conditions: list[Condition] = []
    unhandled: dict[str, str] = {}


class Figures(Message, frozen=True, kw_only=True, tag="figures"):
    """The worker's metrics: name, labels as pairs, value."""

    samples: list[tuple[str, tuple[tuple[str, str], ...], float]]


Order = Duties | Stop
Report = Recovered | Done | Beat | News | Figures
