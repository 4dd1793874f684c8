"""Which camera a worker was serving, in a file that is still there when the worker is not.

`serving` is a page of memory shared with the disk: 64-bit numbers, the first for the loop's thread, then pairs of a
thread's identity and its camera. The traceback that faulthandler writes into the other file says which thread it was.
Writing costs a store into memory, so the loop does it at each handler.
"""

import faulthandler
import mmap
import re
import struct
import threading
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

_SIZE = mmap.PAGESIZE
_ROWS = range(2, _SIZE // 8, 2)
_CRASHED = re.compile(r"^(?:Current thread|Thread) 0x([0-9a-f]+) ", re.MULTILINE)


class CrashNotes:
    """A worker's notes, begun anew. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        with (folder / "serving").open("w+b") as file:
            file.truncate(_SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._cells = cast("MutableSequence[int]", memoryview(self._map).cast("Q"))
        self._traceback: IO[bytes] = (folder / "traceback").open("wb")
        faulthandler.enable(self._traceback)

    @property
    def serving(self) -> MutableSequence[int]:
        """Its first cell is the number of the camera that the loop serves, or 0."""
        return self._cells

    @contextmanager
    def thread(self, number: int) -> Iterator[None]:
        """For as long as the calling thread reads this camera."""
        with self._lock:
            row = next((row for row in _ROWS if not self._cells[row]), None)
            if row is not None:
                self._cells[row + 1], self._cells[row] = number, threading.get_ident()
        try:
            yield
        finally:
            if row is not None:
                self._cells[row] = 0


def culprit(folder: Path) -> int:
    """The number of the camera that the worker of this folder died of; 0 where the notes name none."""
    cells: tuple[int, ...] = ()
    traceback = ""
    with suppress(OSError):
        cells = struct.unpack(f"{_SIZE // 8}Q", (folder / "serving").read_bytes())
        traceback = (folder / "traceback").read_text(errors="replace")
    if not cells:
        return 0
    crashed = _CRASHED.search(traceback)
    if crashed is not None:
        threads = {cells[row]: cells[row + 1] for row in _ROWS if cells[row]}
        if (number := threads.get(int(crashed[1], 16))) is not None:
            return number
    return cells[0]
