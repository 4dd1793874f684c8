"""The folder of one run of a stack, `<base>/<name>-<time>-<random>/`: its `logs/` stay, its `state/` does not.

A run holds a lock on its folder while it lives. A run that was killed could not clean up; the next one finds its folder
unlocked and removes its state.
"""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from vantage_stack.errors import NoRoom

KEEP = "VANTAGE_STACK_KEEP"
"""Set to keep the state of every run, to look at it afterwards."""


_LEAST_FREE = 2 * 1024**3
_RUNS_KEPT = 10
_ELSEWHERE = "elsewhere"
_LOCK = "lock"
_KEPT = "kept"


class Home:
    """One run's folder, made and locked."""

    def __init__(self, base: Path, name: str) -> None:
        base.mkdir(parents=True, exist_ok=True)
        check_room(base)
        sweep(base)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-{stamp}-", dir=base.resolve()))
        self.logs = self.folder / "logs"
        self.state = self.folder / "state"
        self._lock = (self.folder / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder.chmod(0o711)  # PostgreSQL may run as another user: it passes through, and reads nothing
        for folder in (self.logs, self.state):
            folder.mkdir(mode=0o711)

    def part(self, name: str) -> Path:
        """A part's own folder."""
        folder = self.state / name
        folder.mkdir(mode=0o711, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        """A program's log."""
        return self.logs / f"{name}.log"

    def close(self, *, keep: bool) -> None:
        """Remove the state unless it is to be kept, and let go of the folder."""
        if keep or os.environ.get(KEEP):
            (self.folder / _KEPT).touch()
        else:
            remove_state(self.folder)
        self._lock.close()


def check_room(base: Path) -> None:
    """Raise NoRoom where the disk has less than 2 GiB free."""
    free = shutil.disk_usage(base).free
    if free < _LEAST_FREE:
        msg = (
            f"only {free / 1024**3:.1f} GiB are free at {base.resolve()}, a stack needs {_LEAST_FREE / 1024**3:.0f}: "
            "make room (old runs in .stack may go) and start again"
        )
        raise NoRoom(msg)


def sweep(base: Path) -> None:
    """Remove the state of runs that were killed, and all but the latest runs' folders."""
    ended = [folder for folder in _runs(base) if _ended(folder)]
    for folder in ended:
        if not (folder / _KEPT).exists():
            remove_state(folder)
    for folder in ended[:-_RUNS_KEPT]:
        remove_state(folder)
        shutil.rmtree(folder, ignore_errors=True)


def remove_state(folder: Path) -> None:
    """Remove a run's state, what its parts keep elsewhere included."""
    for note in (folder / "state").glob(f"*/{_ELSEWHERE}"):
        for path in map(Path, note.read_text().splitlines()):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(folder / "state", ignore_errors=True)


def note_elsewhere(folder: Path, *paths: Path) -> None:
    """Note in a part's folder what it keeps outside: files and folders that go when the state goes."""
    with (folder / _ELSEWHERE).open("a") as note:
        note.writelines(f"{path}\n" for path in paths)


def _runs(base: Path) -> list[Path]:
    """The runs' folders, the oldest first."""
    return sorted((lock.parent for lock in base.glob(f"*/{_LOCK}")), key=lambda folder: folder.stat().st_mtime)


def _ended(folder: Path) -> bool:
    with (folder / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
