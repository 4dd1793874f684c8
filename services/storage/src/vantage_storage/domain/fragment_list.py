"""The fragments of a recording as bytes, as the index keeps them: the SQL function `fragment_list` reads them back.

44 bytes a fragment, big-endian: microseconds after the recording's start (4), duration in microseconds (4), length in
bytes (4), SHA-256 (32). Where it begins is not kept: fragments follow one another from the end of the initialisation
segment. That is less than half of the same list as jsonb, which keeps digests as text.
"""

import struct
from itertools import accumulate

from vantage.contracts import Recording

_ENTRY = struct.Struct(">III32s")
_MOST = 2**32 - 1


def pack(recording: Recording) -> bytes:
    """The list, for a recording that `unfit` finds nothing wrong with."""
    return b"".join(
        _ENTRY.pack(one.start - recording.start, one.duration, one.length, bytes.fromhex(one.sha256))
        for one in recording.fragments
    )


def unfit(recording: Recording) -> str | None:
    """Why the fragments are not those of one object, or None."""
    lengths = [one.length for one in recording.fragments]
    begins = list(accumulate(lengths, initial=recording.init_length))
    for number, (one, offset) in enumerate(zip(recording.fragments, begins, strict=False)):
        if one.offset != offset:
            return f"fragment {number} begins at byte {one.offset}, what stands before it ends at {offset}"
        if not 0 <= one.start - recording.start <= _MOST or one.duration > _MOST:
            return f"fragment {number} is not within an hour after the recording's start"
        if one.length > _MOST:
            return f"fragment {number} has {one.length} bytes, no second of video has"
    if begins[-1] != recording.size:
        return f"the fragments end at byte {begins[-1]}, the object has {recording.size} bytes"
    return None
