"""The two files of one recording in the spool: data, and the journal that says which of the data counts.

Data is written before its journal line, so what the journal names is there.
"""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from vantage.contracts.recording import FragmentRange
from vantage_ingest.adapters.disk import appended
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.recording import Entry, Head, length, line
from vantage_ingest.errors import SpoolUnavailable

DATA, OPEN, DONE, BROKEN = ".mp4", ".journal", ".done", ".broken"
_MODE = 0o640


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

    def remove(self) -> None:
        """Delete its files, the journal first: data without a journal is known to be past. Raises OSError."""
        for suffix in (OPEN, DONE, DATA):
            self.data.with_suffix(suffix).unlink(missing_ok=True)


class OpenRecording:
    """A recording that is being written, by one camera's thread. `claim` counts bytes or refuses them."""

    def __init__(self, head: Head, init: bytes, data: Path, claim: Callable[[int], None]) -> None:
        """Make the files. Raises OSError, and then they may be there in part."""
        self.head = head
        self.data = data
        self._claim = claim
        self._closing = threading.Lock()
        self._entries: list[Entry] = []
        self._files: list[int] = []
        self._sizes: list[int] = []
        try:
            for path, content in ((data, init), (data.with_suffix(OPEN), line(head))):
                self._files.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE))
                with appended(self._files[-1], 0, content) as size:
                    self._sizes.append(size)
        except OSError:
            self.close()
            raise

    @property
    def end(self) -> int:
        """Where the next fragment must begin, UTC microseconds."""
        return self._entries[-1].range.start + self._entries[-1].range.duration if self._entries else self.head.start

    def append(self, cut: Cut) -> None:
        """Write a fragment. Raises SpoolUnavailable, and then nothing of it counts."""
        place = FragmentRange(cut.start, cut.duration, self._sizes[0], len(cut.data), cut.sha256)
        entry = Entry(range=place, clock=cut.clock)
        self._claim(len(cut.data))
        data, journal = self._files
        try:
            with (
                appended(data, self._sizes[0], cut.data) as size,
                appended(journal, self._sizes[1], line(entry)) as journal_size,
            ):
                self._sizes = [size, journal_size]
        except OSError as error:
            self._claim(-len(cut.data))
            raise unavailable(error) from error
        self._entries.append(entry)

    def finished(self) -> Finished:
        """The recording as it is now."""
        return Finished(self.head, self._entries, self.data)

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


def unavailable(error: OSError) -> SpoolUnavailable:
    """The disk's error with what to do."""
    remedy = {
        errno.ENOSPC: "free space on the disk of VANTAGE_STATE_DIR",
        errno.EDQUOT: "raise the quota of VANTAGE_STATE_DIR",
        errno.EROFS: "mount the disk of VANTAGE_STATE_DIR for writing",
        errno.EACCES: "let this service write to VANTAGE_STATE_DIR",
    }.get(error.errno or 0, "look at the disk of VANTAGE_STATE_DIR")
    return SpoolUnavailable(f"the spool cannot be written: {error.strerror}; {remedy}")
