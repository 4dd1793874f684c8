"""The two files of one recording in the spool: data, and the journal that says which of the data counts.

Data is written before its journal line, so what the journal names is there after a kill. After a power cut it may not
be: then its digest says so.
"""

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vantage.contracts.recording import FragmentRange, GapCause
from vantage_ingest.adapters.disk import write_all
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.recording import Entry, Head, length, line, tail
from vantage_ingest.errors import SpoolUnavailable

DATA, JOURNAL, BROKEN = ".mp4", ".journal", ".broken"
_MODE = 0o640
_FULL = {
    errno.ENOSPC: "free space on the disk of VANTAGE_STATE_DIR",
    errno.EDQUOT: "raise the quota of VANTAGE_STATE_DIR",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
}
_FAILED = {
    errno.EROFS: "mount the disk of VANTAGE_STATE_DIR for writing",
    errno.EACCES: "let this service write to VANTAGE_STATE_DIR",
    errno.EMFILE: "raise the limit on open files (ulimit -n), four a camera",
}


class Finished:
    """A recording that waits to be uploaded; `size` is what it takes on the disk.

    `sha256` is of its object, trailer included, hashed while it was written; None where that is not known and the file
    is to be verified.
    How far the upload came: `tried` where its end is not known, `stored`, `announced`; `failed_reads` of the disk.
    """

    def __init__(self, head: Head, entries: list[Entry], data: Path, sha256: str | None = None) -> None:
        self.head = head
        self.entries = entries
        self.data = data
        self.size = length(head, entries)
        self.sha256 = sha256
        self.tried = sha256 is None
        self.stored = False
        self.announced = False
        self.failed_reads = 0

    @property
    def end(self) -> int:
        """Where it ends, UTC microseconds."""
        last = self.entries[-1].range
        return last.start + last.duration

    def remove(self) -> None:
        """Delete its files, the journal first: data without a journal is known to be past. Raises OSError."""
        for suffix in (JOURNAL, DATA):
            self.data.with_suffix(suffix).unlink(missing_ok=True)


class OpenRecording:
    """A recording that is being written, by one thread. `claim` counts bytes or refuses them."""

    def __init__(self, head: Head, init: bytes, data: Path, claim: Callable[[int], None]) -> None:
        """Make the files. Raises OSError, and then they may be there in part."""
        self.head = head
        self.data = data
        self._claim = claim
        self._digest = hashlib.sha256(init)
        self._entries: list[Entry] = []
        self._files: list[int] = []
        self._sizes = 0, 0
        journal = line(head)
        try:
            for path, content in ((data, init), (data.with_suffix(JOURNAL), journal)):
                self._files.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE))
                write_all(self._files[-1], content, 0)
        except OSError:
            self.close()
            raise
        self._sizes = len(init), len(journal)

    @property
    def end(self) -> int:
        """Where the next fragment must begin, UTC microseconds."""
        return self._entries[-1].range.start + self._entries[-1].range.duration if self._entries else self.head.start

    def append(self, cut: Cut) -> None:
        """Write a fragment. Raises SpoolUnavailable, and then nothing of it counts."""
        content = cut.data
        size, at = len(content), self._sizes
        entry = Entry(range=FragmentRange(cut.start, cut.duration, at[0], size, cut.sha256), clock=cut.clock)
        text = line(entry)
        self._claim(size)
        try:
            write_all(self._files[0], content, at[0])
            write_all(self._files[1], text, at[1])
        except OSError as error:
            self._take_back()
            self._claim(-size)
            raise unavailable(error) from error
        self._digest.update(content)
        self._sizes = at[0] + size, at[1] + len(text)
        self._entries.append(entry)

    def finished(self) -> Finished:
        """The recording as it is now."""
        digest = self._digest.copy()
        digest.update(tail(self._entries))
        return Finished(self.head, self._entries, self.data, digest.hexdigest())

    def close(self) -> None:
        """Let go of the files. A disk that fails at this, too, is found when they are read."""
        for file in self._files:
            with suppress(OSError):
                os.close(file)
        self._files = []

    def _take_back(self) -> None:
        """Cut off what was written in part. Where that fails, too, it lies behind what the journal names."""
        for file, size in zip(self._files, self._sizes, strict=True):
            with suppress(OSError):
                os.ftruncate(file, size)


def unavailable(error: OSError) -> SpoolUnavailable:
    """The disk's error, with the cause that the gap gets and with what to do."""
    number = error.errno or 0
    cause: GapCause = "spool-full" if number in _FULL else "disk-failed"
    remedy = (_FULL | _FAILED).get(number, "look at the disk of VANTAGE_STATE_DIR")
    return SpoolUnavailable(f"the spool cannot be written: {error.strerror}; {remedy}", cause)
