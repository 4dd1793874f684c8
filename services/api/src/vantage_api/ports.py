"""What the gateway asks of the outside world; `adapters/` has the real parts. Every call may raise Retryable."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from vantage.contracts import AuditRecord, Camera
from vantage_api.domain.access import Caller
from vantage_api.domain.live import LiveFragment
from vantage_api.domain.tail import Event
from vantage_api.domain.view import View
from vantage_api.domain.window import Recorded


class Tokens(Protocol):
    """Tells who a token speaks for."""

    def caller(self, token: str) -> Caller:
        """Who the token speaks for. Raises Unauthenticated, ProviderUnavailable."""
        ...


class AuditLog(Protocol):
    """Where decisions are recorded."""

    def record(self, record: AuditRecord) -> Future[None]:
        """Done when the log has the record for good; fails with AuditUnavailable where it may not have it."""
        ...


class Cameras(Protocol):
    """The cameras of the cell as they are published."""

    def get(self, camera_id: str) -> Camera | None:
        """One camera. Raises NotFollowing while the register has not been read."""
        ...

    def all(self) -> Sequence[Camera]:
        """All of them, by id. Raises NotFollowing while the register has not been read."""
        ...


class AlertReader(Protocol):
    """Reads a part of `alerts.v1` once."""

    def read(self, stop: int, most: int) -> tuple[list[Event], int]:
        """The next events before the offset `stop`, copies left out, and the offset to go on from."""
        ...

    def close(self) -> None:
        """Give the reader back."""
        ...


class AlertArchive(Protocol):
    """All of `alerts.v1` that is kept."""

    def bounds(self) -> tuple[int, int]:
        """The first offset that is still there, and the offset that the next event will have."""
        ...

    def open(self, offset: int) -> AlertReader:
        """A reader from an offset on."""
        ...


@dataclass(frozen=True)
class AlertQuery:
    """Which alerts are wanted: the newest `limit` of them that were raised before (microseconds, alert id)."""

    limit: int
    state: str | None = None
    camera_id: str | None = None
    before: tuple[int, str] | None = None


class AlertIndex(Protocol):
    """The alerts as they are now."""

    def list(self, query: AlertQuery) -> Sequence[Mapping[str, Any]]:
        """Rows of `alerts.alerts_v1`, the newest first."""
        ...

    def get(self, alert_id: str) -> Mapping[str, Any] | None:
        """One row of `alerts.alerts_v1`."""
        ...


@dataclass(frozen=True)
class Trailer:
    """Where a recording's object has its fragments' digests, and what those bytes hash to (`vantage.fragment_digests`).

    `box` is the trailer itself, of a recording whose object has none.
    """

    bucket: str
    key: str
    offset: int
    length: int
    sha256: str
    box: bytes | None = None


@dataclass(frozen=True)
class Stored:
    """Where a range of an object is, and what its bytes hash to: `sha256`, or for the fragment with this `index` what
    the trailer says of it, or neither where that is not known.
    """

    bucket: str
    key: str
    offset: int
    length: int
    sha256: str = ""
    trailer: Trailer | None = None
    index: int = 0


class RecordingIndex(Protocol):
    """What is recorded."""

    def within(self, camera_id: str, from_us: int, to_us: int) -> Sequence[Recorded]:
        """The recordings of a camera that touch [from_us, to_us)."""
        ...

    def fragment(self, camera_id: str, start_us: int, epoch: int, index: int) -> tuple[int, int, Stored] | None:
        """Start and duration (microseconds) of one fragment of a recording, and where its bytes are."""
        ...

    def init(self, camera_id: str, start_us: int, epoch: int) -> Stored | None:
        """Where the initialisation segment of a recording is."""
        ...


class Live(Protocol):
    """The last seconds of every camera."""

    def playlist(self, camera_id: str) -> str | None:
        """The sliding playlist; None where there is no live video."""
        ...

    def find(self, camera_id: str, fragment_id: str) -> LiveFragment | None:
        """A fragment, while it is kept."""
        ...

    def of_run(self, camera_id: str, run: str) -> LiveFragment | None:
        """A fragment of that unbroken run, for its initialisation segment."""
        ...


class Video(Protocol):
    """The bytes of video."""

    def read(self, stored: Stored) -> bytes:
        """Those bytes. Raises ObjectMissing."""
        ...


class Views(Protocol):
    """The views that were given, across restarts."""

    def add(self, view: View) -> None:
        """Keep a view; those that are long over are forgotten."""
        ...

    def get(self, view_id: str) -> View | None:
        """The view of that id."""
        ...
