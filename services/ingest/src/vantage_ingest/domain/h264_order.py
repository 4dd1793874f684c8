"""Whether an H.264 picture refers to one that never came (ITU-T H.264, 7.4.3: `frame_num`).

FFmpeg puts another picture in its place and says nothing. For masks that is too little: a block outside a mask may then
show what lay under it.
"""

from vantage_ingest.domain.bits import Bits, Truncated
from vantage_ingest.domain.h264 import read_sps
from vantage_ingest.domain.stream import AccessUnit

_SLICES = (1, 2, 5)
_IDR = 5
_HEAD = 40
"""Bytes of a slice that hold its header's first fields, whatever their values."""


class H264Order:
    """Follows the numbers of one stream's pictures. `use` takes the sequence parameter set in force."""

    def __init__(self) -> None:
        self._bits: int | None = None
        self._reference: int | None = None

    def use(self, sps: bytes) -> None:
        """Numbers are written as this set says. One that allows gaps, or cannot be read, switches the check off."""
        try:
            known = read_sps(sps)
        except Truncated:
            self._bits = None
        else:
            told = not known.gaps_allowed and known.chroma < 3  # with planes of their own, slices have one more field
            self._bits = known.frame_num_bits if told else None

    def reset(self) -> None:
        """The next picture is a keyframe."""
        self._reference = None

    def follows(self, unit: AccessUnit) -> bool:
        """Whether nothing is missing before the picture. Raises Truncated where its slice has no header."""
        nal = next((nal for nal in unit.nals if nal[0] & 31 in _SLICES), b"")
        if not nal or self._bits is None:
            return True
        number = _number(nal, self._bits)
        idr, before = nal[0] & 31 == _IDR, self._reference
        known = idr or before is None or (number - before) % (1 << self._bits) <= 1
        if nal[0] & 0x60:
            self._reference = number
        return known


def _number(nal: bytes, bits: int) -> int:
    header = Bits(nal[:_HEAD], 1)
    for _ in ("first macroblock", "kind of slice", "picture parameter set"):
        header.ue()
    return header.take(bits)
