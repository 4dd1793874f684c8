"""The beginning of a file, and what is to follow it, as the content of an object.

Read a piece at a time, so that memory does not grow with it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vantage.errors import ContentUnreadable

_PIECE = 256 * 1024  # fits a core's cache: what was read is sent, or hashed, before it leaves it


@dataclass(frozen=True)
class FileBytes:
    """The first `size` bytes of a file, then `tail`. Each iteration reads it anew, so that a request can be repeated.

    A mapped file would save the copy, and end the process where the disk fails under it.
    """

    path: Path
    size: int
    tail: bytes = b""

    def __len__(self) -> int:
        """Its length, bytes; the tail's among them."""
        return self.size + len(self.tail)

    def __iter__(self) -> Iterator[memoryview]:
        """The pieces; each is gone when the next is asked for. Raises ContentUnreadable."""
        left, piece = self.size, memoryview(bytearray(min(self.size, _PIECE)))
        try:
            with self.path.open("rb", buffering=0) as file:
                while left and (count := file.readinto(piece[:left])):
                    yield piece[:count]
                    left -= count
        except OSError as error:
            msg = f"{self.path} cannot be read: {error.strerror}"
            raise ContentUnreadable(msg) from error
        if left:
            msg = f"{self.path} is {left} bytes shorter than was said"
            raise ContentUnreadable(msg)
        if self.tail:
            yield memoryview(self.tail)

    def sha256(self) -> str:
        """The digest of what is there now, hex. Raises ContentUnreadable."""
        digest = hashlib.sha256()
        for piece in self:
            digest.update(piece)
        return digest.hexdigest()
