"""Whether files have changed and come to rest since they were read."""

from collections.abc import Sequence
from pathlib import Path

Stamp = tuple[int, int, int] | None


class Watched:
    """Files looked at by polling: it works on every file system, a mounted ConfigMap's swapped link included."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._read = self._seen = self._stamps()

    def settled_change(self) -> bool:
        """Whether the files differ from those last taken, and are as they were at the last look."""
        now = self._stamps()
        settled = now == self._seen
        self._seen = now
        if settled and now != self._read:
            self._read = now
            return True
        return False

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(_stamp(path) for path in self._paths)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
