"""The fragments of a recording as bytes, as the index keeps them: the SQL function `fragment_list` reads them back.

A fragment is three numbers: the time from the end of the one before it to its start (nearly always 0), its duration,
and its length. Where it begins in the object is not kept, as fragments follow one another from the end of the
initialisation segment; nor is its digest, which the object's trailer has (`vantage.fragment_digests`).

Big-endian: the count (2 bytes); for each of the three the bits that its numbers take (1) and the least of them (8,
signed); then, fragment after fragment, what each number is above the least in so many bits, and zero bits up to a byte.
"""

import struct
from collections.abc import Iterator
from itertools import accumulate

from vantage.contracts import Recording
from vantage.fragment_digests import trailer_length

_HEAD = struct.Struct(">H" + "Bq" * 3)
_MOST = 2**32 - 1
_MOST_FRAGMENTS = 2**16 - 1


def pack(recording: Recording) -> bytes:
    """The list, for a recording that `unfit` finds nothing wrong with."""
    rows = list(_numbers(recording))
    columns: list[tuple[int, ...]] = list(zip(*rows, strict=True))
    least = [min(column) for column in columns]
    widths = [(max(column) - low).bit_length() for column, low in zip(columns, least, strict=True)]
    bits = 0
    for row in rows:
        for number, low, width in zip(row, least, widths, strict=True):
            bits = bits << width | number - low
    size = len(rows) * sum(widths)
    head = _HEAD.pack(len(rows), *(part for pair in zip(widths, least, strict=True) for part in pair))
    return head + (bits << -size % 8).to_bytes((size + 7) // 8)


def unfit(recording: Recording) -> str | None:
    """Why the fragments and their trailer are not those of one object, or None."""
    lengths = [one.length for one in recording.fragments]
    begins = list(accumulate(lengths, initial=recording.init_length))
    for number, (one, offset) in enumerate(zip(recording.fragments, begins, strict=False)):
        if one.offset != offset:
            return f"fragment {number} begins at byte {one.offset}, what stands before it ends at {offset}"
        if not 0 <= one.start - recording.start <= _MOST or one.duration > _MOST:
            return f"fragment {number} is not within an hour after the recording's start"
        if one.length > _MOST:
            return f"fragment {number} has {one.length} bytes, no second of video has"
    if len(lengths) > _MOST_FRAGMENTS:
        return f"the recording has {len(lengths)} fragments, the index takes {_MOST_FRAGMENTS}"
    return _wrong_size(recording, begins[-1])


def _numbers(recording: Recording) -> Iterator[tuple[int, int, int]]:
    end = recording.start
    for one in recording.fragments:
        yield one.start - end, one.duration, one.length
        end = one.start + one.duration


def _wrong_size(recording: Recording, fragments_end: int) -> str | None:
    if recording.size == fragments_end:
        return (
            f"the object ends at byte {fragments_end} with its fragments: it lacks the trailer of their digests "
            "(vantage.fragment_digests), without which the index cannot prove a fragment"
        )
    end = fragments_end + trailer_length(len(recording.fragments))
    return None if recording.size == end else f"the trailer ends at byte {end}, the object has {recording.size} bytes"
