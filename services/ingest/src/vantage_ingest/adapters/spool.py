"""The local disk between the camera and the object store: what is here is not lost by a kill.

A finished recording's journal is renamed to `.done`; its files go when it is whole in the object store and announced.
What stands under `.journal` at the start was cut off by a crash: see `spool_recovery`.
"""

import threading
from pathlib import Path

import structlog

from vantage_ingest import metrics
from vantage_ingest.adapters.disk import sync_folder
from vantage_ingest.adapters.spool_files import DATA, DONE, OPEN, Finished, OpenRecording, unavailable
from vantage_ingest.adapters.spool_recovery import recovered, removed
from vantage_ingest.domain.recording import Head
from vantage_ingest.errors import SpoolUnavailable

_log = structlog.get_logger()


class Spool:
    """The folder of recordings, never more than `limit` bytes, which may be changed. Safe to use from several threads."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self.limit = limit
        self._lock = threading.Lock()
        self._size = 0
        self._open: set[OpenRecording] = set()

    def recover(self) -> list[Finished]:
        """What an earlier run left, each cut back to its last whole fragment. Raises SpoolUnavailable."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            found = recovered(self._folder)
        except OSError as error:
            raise unavailable(error) from error
        with self._lock:
            self._count(sum(one.size for one in found))
        return found

    def begin(self, head: Head, init: bytes) -> OpenRecording:
        """Make a recording's files. Raises SpoolUnavailable."""
        self.claim(len(init))
        data = self._folder / f"{head.recording_id}{DATA}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            recording = OpenRecording(head, init, data, self.claim)
        except OSError as error:
            removed(data)
            self.claim(-len(init))
            raise unavailable(error) from error
        with self._lock:
            self._open.add(recording)
        return recording

    def finish(self, recording: OpenRecording) -> Finished | None:
        """Close a recording's files and mark it as finished; None, and no file left, where it holds no fragment.

        A disk that fails here leaves it to be verified at the upload.
        """
        with self._lock:
            self._open.discard(recording)
        finished = recording.finished()
        try:
            if finished.entries:
                recording.sync()
                finished.data.with_suffix(OPEN).rename(finished.data.with_suffix(DONE))
                sync_folder(self._folder)
        except OSError as error:
            _log.error("a recording is not surely on the disk yet", error=str(unavailable(error)))
        finally:
            recording.close()
        if finished.entries:
            return finished
        removed(finished.data)
        self.claim(-finished.size)
        return None

    @property
    def size(self) -> int:
        """Bytes that are not in the object store yet."""
        return self._size

    def sync(self) -> None:
        """Force all recordings that are being written to the disk. Raises SpoolUnavailable."""
        with self._lock:
            recordings = list(self._open)
        try:
            for recording in recordings:
                recording.sync()
        except OSError as error:
            raise unavailable(error) from error

    def remove(self, finished: Finished) -> None:
        """Forget a recording that is whole in the object store and announced. Raises OSError."""
        finished.remove()
        self.claim(-finished.size)

    def claim(self, size: int) -> None:
        """Count bytes that are about to be written, or gone where negative. Raises SpoolUnavailable at the limit."""
        with self._lock:
            if size > 0 and self._size + size > self.limit:
                msg = (
                    f"the spool {self._folder} holds its {self.limit >> 20} MiB: bring the object store back, or "
                    "raise VANTAGE_INGEST_SPOOL_MIB"
                )
                raise SpoolUnavailable(msg)
            self._count(size)

    def _count(self, size: int) -> None:
        self._size += size
        metrics.SPOOL_BYTES.set(self._size)
