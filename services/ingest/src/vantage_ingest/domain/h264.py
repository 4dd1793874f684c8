"""What an H.264 sequence parameter set says of the picture (ITU-T H.264, 7.3.2.1.1)."""

from dataclasses import dataclass

from vantage_ingest.domain.bits import Bits, sides

_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_CROP_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}


@dataclass(frozen=True)
class H264Sps:
    """Profile, constraints and level as coded; size in pixels after cropping; chroma format; bit depths; how long
    a slice's `frame_num` is, and whether numbers may be left out.
    """

    profile: int
    constraints: int
    level: int
    width: int
    height: int
    chroma: int = 1
    luma_depth: int = 8
    chroma_depth: int = 8
    frame_num_bits: int = 4
    gaps_allowed: bool = False

    @property
    def high(self) -> bool:
        """Whether avcC carries chroma format and depths (ISO 14496-15, 5.3.3.1)."""
        return self.profile in _HIGH_PROFILES

    @property
    def codec(self) -> str:
        """The codec string of RFC 6381."""
        return f"avc1.{self.profile:02X}{self.constraints:02X}{self.level:02X}"


def read_sps(nal: bytes) -> H264Sps:
    """Read a sequence parameter set. Raises Truncated."""
    bits = Bits(nal, 1)
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.ue()
    chroma, luma_depth, chroma_depth = _colour(bits) if profile in _HIGH_PROFILES else (1, 8, 8)
    frame_num_bits, gaps_allowed = _order(bits)
    width, height = _size(bits, chroma)
    return H264Sps(
        profile, constraints, level, width, height, chroma, luma_depth, chroma_depth, frame_num_bits, gaps_allowed
    )


def _colour(bits: Bits) -> tuple[int, int, int]:
    chroma = bits.most(3)
    if chroma == 3:
        bits.skip(1)
    luma, chroma_depth = 8 + bits.most(6), 8 + bits.most(6)
    bits.skip(1)
    if bits.flag():
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma, chroma_depth


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _order(bits: Bits) -> tuple[int, bool]:
    """The frame number's length and whether gaps are allowed; picture order count and reference frames are passed."""
    frame_num_bits = 4 + bits.most(12)
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.skip(1)
        bits.se()
        bits.se()
        for _ in range(bits.most(255)):
            bits.se()
    bits.ue()
    return frame_num_bits, bits.flag()


def _size(bits: Bits, chroma: int) -> tuple[int, int]:
    across, down = bits.ue() + 1, bits.ue() + 1
    fields = 1 if bits.flag() else 2
    if fields == 2:
        bits.skip(1)
    bits.skip(1)
    left, right, top, bottom = (bits.ue(), bits.ue(), bits.ue(), bits.ue()) if bits.flag() else (0, 0, 0, 0)
    unit_x, unit_y = _CROP_UNITS.get(chroma, (1, 1))
    return sides(16 * across - unit_x * (left + right), fields * (16 * down - unit_y * (top + bottom)))
