"""One fragment: moof and mdat, from a keyframe on (ISO 14496-12, 8.8). The bytes of each NAL unit stay as received."""

import struct
from collections.abc import Sequence

import msgspec

_DEFAULT_BASE_IS_MOOF = 0x020000
_SIGNED_OFFSETS = 0x01000000
_TRUN_FIELDS = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800
"""Data offset; duration, size, flags and composition offset of each sample."""
_SYNC = 0x02000000
_NON_SYNC = 0x01010000
_TRACK = 1
_HEAD = struct.Struct(">I4s I4sII I4s I4sII I4sIQ I4sIII")
"""moof, mfhd, traf, tfhd, tfdt, and trun up to its rows: of one size for every fragment."""
_ROW = 16
_TRUN = 20
_TRAF = 8 + 16 + 20 + _TRUN
_length = struct.Struct(">I").pack


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One coded picture as it goes into the file: times in ticks; `shown_after` is presentation less decoding."""

    duration: int
    shown_after: int
    keyframe: bool
    nals: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes in the file: each unit behind its length of 4 bytes."""
        return sum(map(len, self.nals)) + 4 * len(self.nals)


def fragment(sequence: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    """The moof and mdat of these samples; `decode_time` is the first one's, in ticks."""
    return packed(sequence, decode_time, samples)[0]


def packed(sequence: int, decode_time: int, samples: Sequence[Sample]) -> tuple[bytes, list[int]]:
    """The moof and mdat, and the bytes that each sample takes. Everything is copied once."""
    parts = [b""]
    rows: list[int] = []
    sizes: list[int] = []
    for sample in samples:
        nals, size = sample.nals, 0
        for nal in nals:
            length = len(nal)
            size += length + 4
            parts.append(_length(length))
            parts.append(nal)
        sizes.append(size)
        flags = _SYNC if sample.keyframe else _NON_SYNC
        rows += (sample.duration, size, flags, sample.shown_after & 0xFFFFFFFF)
    parts[0] = _headed(sequence, decode_time, rows, sum(sizes))
    return b"".join(parts), sizes


def _headed(sequence: int, decode_time: int, rows: Sequence[int], payload: int) -> bytes:
    """All that stands before the first sample's bytes."""
    table = _ROW * (len(rows) // 4)
    moof = 8 + 16 + _TRAF + table
    head = _HEAD.pack(
        moof, b"moof",
        16, b"mfhd", 0, sequence,
        _TRAF + table, b"traf",
        16, b"tfhd", _DEFAULT_BASE_IS_MOOF, _TRACK,
        20, b"tfdt", _SIGNED_OFFSETS, decode_time,
        _TRUN + table, b"trun", _SIGNED_OFFSETS | _TRUN_FIELDS, len(rows) // 4, moof + 8,
    )  # fmt: skip
    return head + struct.pack(f">{len(rows)}I", *rows) + struct.pack(">I4s", payload + 8, b"mdat")
