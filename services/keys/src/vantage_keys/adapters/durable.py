"""Files that are there whole or not at all, also after a power cut: written beside, synced, then given their name."""

import os
import secrets
from pathlib import Path

BESIDE = ".new-"
"""How the names of files begin that have not been given theirs yet."""
_PIECE = 4096


def write_new(path: Path, data: bytes) -> bool:
    """Write a file unless it is there; whether it is ours. Either way it is there for good when this returns."""
    beside = _write_beside(path, data)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        beside.unlink()
        sync_folder(path.parent)  # another's name, too, may not be on the disk yet


def replace(path: Path, data: bytes) -> None:
    """Write a file in place of what is there."""
    _write_beside(path, data).rename(path)
    sync_folder(path.parent)


def shred(path: Path) -> None:
    """Overwrite a file and remove it; no error where it is not there.

    A disk that writes elsewhere (flash, copy on write, a backup) may keep what was there: it is wrapped, so it goes
    for good with the master key that is given up at the next rotation.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            file.write(secrets.token_bytes(max(length, _PIECE)))
            os.fsync(file.fileno())
        path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_beside(path: Path, data: bytes) -> Path:
    beside = path.with_name(f"{BESIDE}{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return beside
