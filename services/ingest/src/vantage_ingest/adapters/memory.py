"""What this replica must remember over a restart, in small files: where each camera's recording ended, and what was
wanted when the event log was last heard.

Neither is needed for correctness of what is kept: a lost file costs the knowledge of a gap's begin, or a wait for the
event log.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from vantage.contracts import Camera
from vantage.contracts.base import Message
from vantage.contracts.recording import GapCause
from vantage_ingest.adapters.disk import replace

_log = structlog.get_logger()
T = TypeVar("T", bound=Message)


class LastEnd(Message, frozen=True, kw_only=True):
    """Where a camera's last recording ended (UTC microseconds), and why, where that is known."""

    end: int
    cause: GapCause | None = None
    detail: str = ""


class Ends:
    """A file for each camera. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, LastEnd | None] = {}

    def get(self, camera_id: str) -> LastEnd | None:
        """What is known of the camera."""
        with self._lock:
            if camera_id not in self._known:
                self._known[camera_id] = _read(self._path(camera_id), LastEnd)
            return self._known[camera_id]

    def put(self, camera_id: str, last: LastEnd) -> None:
        """Remember it; a disk that fails is said once by the spool, which writes there all the time."""
        with self._lock:
            self._known[camera_id] = last
            _write(self._path(camera_id), last)

    def later(self, camera_id: str, end: int) -> None:
        """A recording that was recovered ends here."""
        known = self.get(camera_id)
        if known is None or known.end < end:
            self.put(camera_id, LastEnd(end=end))

    def forget(self, camera_id: str) -> None:
        """Another replica records the camera now: what is known here is past."""
        with self._lock:
            self._known[camera_id] = None
            try:
                self._path(camera_id).unlink(missing_ok=True)
            except OSError as error:
                _log.warning("a remembered end cannot be removed", camera=camera_id, error=error.strerror)

    def _path(self, camera_id: str) -> Path:
        return self._folder / f"{camera_id}.json"


class Desired(Message, frozen=True, kw_only=True):
    """The cameras of each partition, as last heard."""

    partitions: dict[int, list[Camera]]


class DesiredFile:
    """The desired state of this replica's partitions, so that a restart without the event log records on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Mapping[int, list[Camera]]:
        """What was saved last; nothing where there is none or it cannot be read."""
        found = _read(self._path, Desired)
        return found.partitions if found else {}

    def save(self, partitions: Mapping[int, list[Camera]]) -> None:
        """Replace what is saved."""
        _write(self._path, Desired(partitions=dict(partitions)))


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("a remembered file cannot be read and is left out", path=str(path), error=str(error))
        return None


def _write(path: Path, content: Message) -> None:
    try:
        replace(path, msgspec.json.encode(content))
    except OSError as error:
        _log.error("a file to be remembered cannot be written", path=str(path), error=error.strerror)
