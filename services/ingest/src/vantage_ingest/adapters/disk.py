"""Writing to local disk: whole or not at all, and forced to it where that is worth the wait."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_syncfs = getattr(_libc, "syncfs", None)


def write_all(file: int, content: bytes, at: int) -> None:
    """Write at an offset, all of it. Raises OSError, and then a part may be there."""
    written = os.pwrite(file, content, at)
    while written < len(content):
        content, at = content[written:], at + written
        written = os.pwrite(file, content, at)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once, forced to the disk. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".new")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to the disk. Raises OSError."""
    with _opened(folder) as handle:
        os.fsync(handle)


def sync_file_system(folder: Path) -> None:
    """Force all that was written to the folder's file system to the disk: one call for any number of files.

    Raises OSError, also for what the disk refused since the last call. Where the system has no such call, all file
    systems are forced, and the disk's faults are not told.
    """
    if _syncfs is None:
        os.sync()
        return
    with _opened(folder) as handle:
        if _syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)
