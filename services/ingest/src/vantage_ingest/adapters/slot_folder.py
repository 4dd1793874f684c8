"""The folder of one slot on the local disk: one process has it at a time, and what it leaves the next one takes up."""

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import structlog

_PATIENCE_S = 30.0
_LOOK_S = 0.1
_log = structlog.get_logger()


class SlotFolder:
    """`<state>/workers/<slot>`."""

    def __init__(self, state: Path, slot: str) -> None:
        self.path = state / "workers" / slot
        self._lock = -1

    @property
    def spool(self) -> Path:
        """Where its recordings wait."""
        return self.path / "spool"

    def lock(self) -> None:
        """Have the folder for this process alone; waits for the one that has it, whose supervisor is gone, and ends it
        where it does not end by itself. Raises OSError.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = locked(self.path / "lock")


def locked(path: Path, patience_s: float = _PATIENCE_S) -> int:
    """Lock a file for this process; gives the descriptor, which must stay open. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    deadline = time.monotonic() + patience_s
    said = False
    while not try_lock(file):
        if not said:
            _log.info("waiting for the worker before to finish", lock=str(path))
            said = True
        if time.monotonic() > deadline:
            _end_holder(file)
        time.sleep(_LOOK_S)
    os.ftruncate(file, 0)
    os.pwrite(file, b"%d\n" % os.getpid(), 0)
    return file


def try_lock(file: int) -> bool:
    """Whether the file is this process's now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_holder(file: int) -> None:
    """Kill the process that wrote its number into the file and holds it still."""
    text = os.pread(file, 32, 0).strip()
    if text.isdigit():
        _log.error("the worker before does not end and is killed", pid=int(text))
        with suppress(ProcessLookupError):
            os.kill(int(text), signal.SIGKILL)


def slots_on_disk(state: Path) -> list[str]:
    """The slots that an earlier run had; the one spool of the versions without workers becomes one of them."""
    workers, before = state / "workers", state / "spool"
    if before.is_dir():
        target = workers / "before" / "spool"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            before.rename(target)
    return sorted(path.name for path in workers.iterdir() if path.is_dir()) if workers.is_dir() else []


def remove_slot(state: Path, slot: str) -> None:
    """Remove the folder of a slot that is used no more, unless something is in its spool."""
    folder = state / "workers" / slot
    with suppress(OSError):
        if (folder / "spool").exists():
            (folder / "spool").rmdir()
        for name in ("serving", "traceback", "lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
