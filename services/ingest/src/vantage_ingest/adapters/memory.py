"""What this replica must remember over a restart, in small files: where each camera's recording ended, and what was
wanted when the event log was last heard.

Neither is needed for correctness of what is kept: a lost file costs the knowledge of a gap's begin, or a wait for the
event log.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from vantage.contracts import Camera
from vantage.contracts.base import Message
from vantage.contracts.recording import GapCause
from vantage_ingest.adapters.disk import replace
from vantage_ingest.orders import Why

_log = structlog.get_logger()
T = TypeVar("T", bound=Message)


class LastEnd(Message, frozen=True, kw_only=True):
    """Where a camera's last recording ended (UTC microseconds), and why, where that is known."""

    end: int
    cause: GapCause | None = None
    detail: str = ""


class Ends:
    """A file for each camera. Workers share the folder, and a camera is in one worker at a time: so nothing is kept in
    memory, except what the supervisor said of a camera (`explain`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._because: dict[str, Why | None] = {}

    def get(self, camera_id: str) -> LastEnd | None:
        """What is known of the camera."""
        known = _read(self._path(camera_id), LastEnd)
        why = self._because.get(camera_id)
        if known is None or known.cause is not None or why is None:
            return known
        return LastEnd(end=known.end, cause=why.cause, detail=why.detail)

    def explain(self, camera_id: str, why: Why | None) -> None:
        """Why the camera's last recording ended, where nothing better is known."""
        self._because[camera_id] = why

    def put(self, camera_id: str, last: LastEnd) -> None:
        """Remember it, without waiting for the disk: some are written each second, and one that a power cut takes is
        a gap whose begin the index knows. A disk that fails is said by the spool, which writes there all the time.
        """
        path = self._path(camera_id)
        scratch = path.with_suffix(".new")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_bytes(msgspec.json.encode(last))
            scratch.replace(path)

    def later(self, camera_id: str, end: int) -> None:
        """A recording that was recovered ends here."""
        known = _read(self._path(camera_id), LastEnd)
        if known is None or known.end < end:
            self.put(camera_id, LastEnd(end=end))

    def forget(self, camera_id: str) -> None:
        """Another replica records the camera now: what is known here is past."""
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
