"""The local disk between the camera and the object store: what is here is not lost by a kill.

A recording's files go when it is whole in the object store and announced. What is here at the start was left by an
earlier process, finished or cut off: see `spool_recovery`.

Nothing here waits for the disk but `sync`, which a thread of its own calls every few seconds: writes go to the system's
cache, and a camera's loop is never held up by a flush.
"""

import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from vantage_ingest import metrics
from vantage_ingest.adapters.disk import sync_file_system
from vantage_ingest.adapters.spool_files import DATA, Finished, OpenRecording, unavailable
from vantage_ingest.adapters.spool_recovery import recovered, removed
from vantage_ingest.domain.recording import Entry, Head, length
from vantage_ingest.errors import SpoolUnavailable

_log = structlog.get_logger()


class Spool:
    """The folder of recordings, never more than `limit` bytes. Safe to use from several threads."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return self._size

    @property
    def limit(self) -> int:
        """Bytes that it may hold."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self.resize(limit)

    @property
    def filled(self) -> float:
        """How full it is: 1 at the limit, more where that was lowered."""
        return self._size / max(1, self._limit)

    def resize(self, limit: int) -> None:
        """Change the limit. What is there stays: where it is more, nothing is taken until enough was brought away."""
        self._limit = limit

    def recover(self) -> list[Finished]:
        """What an earlier process left. Raises SpoolUnavailable."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            found = recovered(self._folder)
        except OSError as error:
            raise unavailable(error) from error
        self._count(sum(one.size for one in found))
        if found:
            _log.info("recordings were left in the spool", recordings=len(found), mib=self._size >> 20)
        return found

    def begin(self, head: Head, init: bytes) -> OpenRecording:
        """Make a recording's files. Raises SpoolUnavailable."""
        self._claim(len(init))
        data = self._folder / f"{head.recording_id}{DATA}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return OpenRecording(head, init, data, self._claim)
        except OSError as error:
            removed(data)
            self._count(-len(init))
            raise unavailable(error) from error

    def finish(self, recording: OpenRecording) -> Finished | None:
        """Close a recording's files; None, and no file left, where it holds no fragment."""
        finished = recording.finished()
        recording.close()
        if finished.entries:
            metrics.SPOOL_BYTES.set(self._size)
            return finished
        removed(finished.data)
        self._count(-finished.size)
        return None

    def sync(self) -> None:
        """Force all that was written to the disk: a power cut costs what came since. Raises SpoolUnavailable."""
        try:
            sync_file_system(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unavailable(error) from error

    def remove(self, finished: Finished) -> None:
        """Forget a recording that is whole in the object store and announced. Raises OSError."""
        finished.remove()
        self._count(-finished.size)

    def cut(self, finished: Finished, kept: Sequence[Entry]) -> None:
        """Only these of a recording's fragments are whole. The file stays as it is."""
        before, finished.entries[:] = finished.size, kept
        finished.size = length(finished.head, finished.entries)
        self._count(finished.size - before)

    def _claim(self, size: int) -> None:
        """Count bytes that are about to be written, or were not. Raises SpoolUnavailable at the limit."""
        with self._lock:
            if size <= 0 or self._size + size <= self._limit:
                self._size += size
                return
        msg = (
            f"the spool {self._folder} holds its {self._limit >> 20} MiB: bring the object store back, or raise "
            "VANTAGE_INGEST_SPOOL_MIB"
        )
        raise SpoolUnavailable(msg, "spool-full")

    def _count(self, change: int) -> None:
        with self._lock:
            self._size += change
        metrics.SPOOL_BYTES.set(self._size)
