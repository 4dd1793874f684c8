"""Writing to local disk so that a crash leaves the old content or the new, never a mixture."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def appended(file: int, size: int, content: bytes) -> Iterator[int]:
    """Write at `size`, the file's known end, and give the new end; taken back where the write or the block fails.

    Raises OSError.
    """
    try:
        _write_all(file, content, size)
        yield size + len(content)
    except OSError:
        os.ftruncate(file, size)
        raise


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once. Raises OSError."""
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
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(file: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, at)
        view, at = view[written:], at + written
