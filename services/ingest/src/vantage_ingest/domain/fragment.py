"""One fragment: moof and mdat, from a keyframe on (ISO 14496-12, 8.8). The bytes of each NAL unit stay as received."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from vantage_ingest.domain.boxes import box, full_box, u32

_DEFAULT_BASE_IS_MOOF = 0x020000
_TRUN_FIELDS = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800
"""Data offset; duration, size, flags and composition offset of each sample."""
_SYNC = 0x02000000
_NON_SYNC = 0x01010000
_TRACK = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded picture as it goes into the file: times in ticks; `shown_after` is presentation less decoding."""

    duration: int
    shown_after: int
    keyframe: bool
    nals: tuple[bytes, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes in the file: each unit behind its length of 4 bytes."""
        return sum(map(len, self.nals)) + 4 * len(self.nals)


def fragment(sequence: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    """The moof and mdat of these samples; `decode_time` is the first one's, in ticks."""
    sizes = [sample.size for sample in samples]
    moof = _moof(sequence, decode_time, samples, sizes, 0)
    moof = _moof(sequence, decode_time, samples, sizes, len(moof) + 8)
    units = chain.from_iterable(sample.nals for sample in samples)
    payload = b"".join(chain.from_iterable((len(nal).to_bytes(4, "big"), nal) for nal in units))
    return moof + box(b"mdat", payload)


def _moof(sequence: int, decode_time: int, samples: Sequence[Sample], sizes: Sequence[int], data_at: int) -> bytes:
    rows = b"".join(
        struct.pack(">IIIi", sample.duration, size, _SYNC if sample.keyframe else _NON_SYNC, sample.shown_after)
        for sample, size in zip(samples, sizes, strict=True)
    )
    track = box(
        b"traf",
        full_box(b"tfhd", 0, _DEFAULT_BASE_IS_MOOF, u32(_TRACK)),
        full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
        full_box(b"trun", 1, _TRUN_FIELDS, struct.pack(">Ii", len(samples), data_at), rows),
    )
    return box(b"moof", full_box(b"mfhd", 0, 0, u32(sequence)), track)
