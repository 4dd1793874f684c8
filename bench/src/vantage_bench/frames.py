"""The pictures that a recording holds, read from its bytes: what was kept is counted, not what was said. Pure."""

import struct
from collections.abc import Iterator

from vantage.contracts import Recording

_DATA_OFFSET, _FIRST_FLAGS, _DURATIONS = 0x000001, 0x000004, 0x000100
_COLUMNS = (_DURATIONS, 0x000200, 0x000400, 0x000800)


def durations(recording: Recording, data: bytes) -> Iterator[int]:
    """How long each picture is shown, in the track's ticks, in order; `data` is the recording's object."""
    for piece in recording.fragments:
        yield from _of_fragment(data[piece.offset : piece.offset + piece.length])


def _of_fragment(data: bytes) -> Iterator[int]:
    """The sample durations in the one trun of a moof (ISO 14496-12, 8.8.8)."""
    at = data.index(b"trun") + 4
    flags, count = struct.unpack_from(">II", data, at)
    if not flags & _DURATIONS:
        msg = "a fragment says no duration of its samples"
        raise ValueError(msg)
    begin = at + 8 + 4 * sum(bool(flags & one) for one in (_DATA_OFFSET, _FIRST_FLAGS))
    row = 4 * sum(bool(flags & one) for one in _COLUMNS)
    return (struct.unpack_from(">I", data, begin + row * index)[0] for index in range(count))
