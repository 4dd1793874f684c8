"""The local disk between the camera and the object store: what is here is not lost by a kill.

A recording is a data file (initialisation segment, then fragments) and a journal. Data is written before its journal
line, so what the journal names is there. A finished recording's journal is renamed to `.done`; both files go when the
recording is whole in the object store and announced.
"""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from vantage.contracts.recording import FragmentRange
from vantage_ingest import metrics
from vantage_ingest.adapters.disk import appended, sync_folder
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.recording import Entry, Head, length, line, read_lines, whole
from vantage_ingest.errors import SpoolUnavailable

_log = structlog.get_logger()
_DATA, _OPEN, _DONE, _BROKEN = ".mp4", ".journal", ".done", ".broken"


class Finished:
    """A recording that waits to be uploaded; `size` is what it takes on the disk."""

    def __init__(self, head: Head, entries: list[Entry], data: Path) -> None:
        self.head = head
        self.entries = entries
        self.data = data
        self.size = length(head, entries)

    @property
    def end(self) -> int:
        """Where it ends, UTC microseconds."""
        last = self.entries[-1].range
        return last.start + last.duration


class OpenRecording:
    """A recording that is being written, by one camera's thread."""

    def __init__(self, spool: "Spool", head: Head, data: int, journal: int, path: Path) -> None:
        self.head = head
        self._spool = spool
        self._files = [data, journal]
        self._path = path
        self._entries: list[Entry] = []
        self._data_size = head.init_length
        self._journal_size = os.fstat(journal).st_size
        self._closing = threading.Lock()

    @property
    def end(self) -> int:
        """Where the next fragment must begin, UTC microseconds."""
        return self._entries[-1].range.start + self._entries[-1].range.duration if self._entries else self.head.start

    def append(self, cut: Cut) -> None:
        """Write a fragment. Raises SpoolUnavailable, and then nothing of it counts."""
        place = FragmentRange(cut.start, cut.duration, self._data_size, len(cut.data), cut.sha256)
        entry = Entry(range=place, clock=cut.clock)
        self._spool.claim(len(cut.data))
        data, journal = self._files
        try:
            with appended(data, self._data_size, cut.data) as size:
                with appended(journal, self._journal_size, line(entry)) as self._journal_size:
                    pass
                self._data_size = size
        except OSError as error:
            self._spool.release(len(cut.data))
            raise unavailable(error) from error
        self._entries.append(entry)

    def sync(self) -> None:
        """Force what was written to the disk, data first; nothing where it is closed. Raises OSError."""
        with self._closing:
            for file in self._files:
                os.fdatasync(file)

    def close(self) -> None:
        """Let go of the files."""
        with self._closing:
            for file in self._files:
                os.close(file)
            self._files = []

    def finish(self) -> Finished | None:
        """Close it; None, and no file left, where it holds no fragment."""
        return self._spool.finish(self, Finished(self.head, self._entries, self._path))


class Spool:
    """The folder of recordings. Safe to use from several threads."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._size = 0
        self._open: set[OpenRecording] = set()

    def recover(self) -> list[Finished]:
        """What an earlier run left, each cut back to its last whole fragment. Raises SpoolUnavailable."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            journals = [path for path in sorted(self._folder.iterdir()) if path.suffix in (_OPEN, _DONE)]
            found = [one for path in journals if (one := self._recovered(path)) is not None]
            self._drop_orphans()
        except OSError as error:
            raise unavailable(error) from error
        with self._lock:
            self._size += sum(one.size for one in found)
            metrics.SPOOL_BYTES.set(self._size)
        return found

    def begin(self, head: Head, init: bytes) -> OpenRecording:
        """Make a recording's files. Raises SpoolUnavailable."""
        self.claim(len(init))
        path = self._folder / f"{head.recording_id}{_DATA}"
        files: list[int] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for target, content in ((path, init), (path.with_suffix(_OPEN), line(head))):
                files.append(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640))
                with appended(files[-1], 0, content):
                    pass
        except OSError as error:
            self._abandon(path, files)
            self.release(len(init))
            raise unavailable(error) from error
        recording = OpenRecording(self, head, files[0], files[1], path)
        with self._lock:
            self._open.add(recording)
        return recording

    def finish(self, recording: OpenRecording, finished: Finished) -> Finished | None:
        """Close a recording's files and mark it as finished; a failing disk leaves it to be verified at the upload."""
        with self._lock:
            self._open.discard(recording)
        try:
            if finished.entries:
                recording.sync()
                finished.data.with_suffix(_OPEN).rename(finished.data.with_suffix(_DONE))
                sync_folder(self._folder)
        except OSError as error:
            _log.error("a recording is not surely on the disk yet", error=str(unavailable(error)))
        finally:
            recording.close()
        if finished.entries:
            return finished
        self._abandon(finished.data, [])
        self.release(finished.head.init_length)
        return None

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
        """Forget a recording that is whole in the object store and announced: journal first."""
        for path in (finished.data.with_suffix(_OPEN), finished.data.with_suffix(_DONE), finished.data):
            path.unlink(missing_ok=True)
        self.release(finished.size)

    def claim(self, size: int) -> None:
        """Count bytes that are about to be written. Raises SpoolUnavailable at the limit."""
        with self._lock:
            if self._size + size > self._limit:
                msg = (
                    f"the spool {self._folder} holds its {self._limit >> 20} MiB: bring the object store back, or "
                    "raise VANTAGE_INGEST_SPOOL_MIB"
                )
                raise SpoolUnavailable(msg)
            self._size += size
            metrics.SPOOL_BYTES.set(self._size)

    def release(self, size: int) -> None:
        """Count bytes that are no longer there."""
        with self._lock:
            self._size = max(0, self._size - size)
            metrics.SPOOL_BYTES.set(self._size)

    def _recovered(self, journal: Path) -> Finished | None:
        data, lines = journal.with_suffix(_DATA), journal.read_bytes()
        head, entries = read_lines(lines)
        if not entries and b"\n" not in lines.partition(b"\n")[2]:  # killed before the first fragment was whole
            self._abandon(data, [])
            return None
        if head is None or not data.exists():
            self._set_aside(journal)
            return None
        if journal.suffix == _DONE:
            return Finished(head, entries, data) if entries else None
        return self._cut_back(journal, head, entries)

    def _cut_back(self, journal: Path, head: Head, entries: list[Entry]) -> Finished | None:
        data = journal.with_suffix(_DATA)
        kept = list(whole(head, entries, data.read_bytes()))
        metrics.SPOOL_CUT.inc(len(entries) - len(kept))
        _log.info("recording recovered", camera=head.camera_id, fragments=len(kept), cut=len(entries) - len(kept))
        if not kept:
            self._abandon(data, [])
            return None
        os.truncate(data, length(head, kept))
        journal.write_bytes(line(head) + b"".join(map(line, kept)))
        journal.rename(journal.with_suffix(_DONE))
        sync_folder(self._folder)
        return Finished(head, kept, data)

    def _drop_orphans(self) -> None:
        """Delete data without a journal: it was uploaded and announced, or never begun."""
        for data in self._folder.glob(f"*{_DATA}"):
            if not data.with_suffix(_OPEN).exists() and not data.with_suffix(_DONE).exists():
                data.unlink()

    def _set_aside(self, journal: Path) -> None:
        _log.error("a recording in the spool cannot be read and is set aside", journal=str(journal))
        for path in (journal, journal.with_suffix(_DATA)):
            if path.exists():
                path.rename(path.with_name(path.name + _BROKEN))

    def _abandon(self, data: Path, files: list[int]) -> None:
        for file in files:
            os.close(file)
        for path in (data.with_suffix(_OPEN), data):
            with _ignored():
                path.unlink(missing_ok=True)


@contextmanager
def _ignored() -> Iterator[None]:
    """Go on where a clean-up on a failing disk fails, too: recovery does it again."""
    try:
        yield
    except OSError as error:
        _log.warning("a file of the spool cannot be removed now", error=error.strerror)


def unavailable(error: OSError) -> SpoolUnavailable:
    """The disk's error with what to do."""
    remedy = {
        errno.ENOSPC: "free space on the disk of VANTAGE_STATE_DIR",
        errno.EDQUOT: "raise the quota of VANTAGE_STATE_DIR",
        errno.EROFS: "mount the disk of VANTAGE_STATE_DIR for writing",
        errno.EACCES: "let this service write to VANTAGE_STATE_DIR",
    }.get(error.errno or 0, "look at the disk of VANTAGE_STATE_DIR")
    return SpoolUnavailable(f"the spool cannot be written: {error.strerror}; {remedy}")
