"""What an H.265 sequence parameter set says of the picture (ITU-T H.265, 7.3.2.2 and 7.3.3)."""

from dataclasses import dataclass

from vantage_ingest.domain.bits import Bits, sides

_CROP_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}


@dataclass(frozen=True)
class H265Sps:
    """The general profile, tier and level as coded; layers; size in pixels after cropping; chroma format; depths."""

    space: int
    tier: int
    profile: int
    compatibility: int
    constraints: int
    level: int
    layers: int
    nested: bool
    width: int
    height: int
    chroma: int
    luma_depth: int
    chroma_depth: int

    @property
    def codec(self) -> str:
        """The codec string of ISO 14496-15, annex E.3."""
        space = ("", "A", "B", "C")[self.space]
        compatibility = int(f"{self.compatibility:032b}"[::-1], 2)
        constraints = self.constraints.to_bytes(6, "big").rstrip(b"\x00")
        parts = [f"hvc1.{space}{self.profile}", f"{compatibility:X}", f"{'LH'[self.tier]}{self.level}"]
        return ".".join(parts + [f"{byte:X}" for byte in constraints])


def read_sps(nal: bytes) -> H265Sps:
    """Read a sequence parameter set. Raises Truncated."""
    bits = Bits(nal, 2)
    bits.skip(4)
    layers, nested = bits.take(3) + 1, bits.flag()
    space, tier, profile = bits.take(2), bits.take(1), bits.take(5)
    compatibility, constraints, level = bits.take(32), bits.take(48), bits.take(8)
    _skip_sub_layers(bits, layers - 1)
    bits.ue()
    chroma = bits.most(3)
    if chroma == 3:
        bits.skip(1)
    width, height = _size(bits, chroma)
    return H265Sps(
        space=space,
        tier=tier,
        profile=profile,
        compatibility=compatibility,
        constraints=constraints,
        level=level,
        layers=layers,
        nested=nested,
        width=width,
        height=height,
        chroma=chroma,
        luma_depth=8 + bits.most(8),
        chroma_depth=8 + bits.most(8),
    )


def _skip_sub_layers(bits: Bits, count: int) -> None:
    if not count:
        return
    present = [(bits.flag(), bits.flag()) for _ in range(count)]
    bits.skip(2 * (8 - count))
    for profile, level in present:
        bits.skip(88 * profile + 8 * level)


def _size(bits: Bits, chroma: int) -> tuple[int, int]:
    width, height = bits.ue(), bits.ue()
    if bits.flag():
        unit_x, unit_y = _CROP_UNITS.get(chroma, (1, 1))
        width -= unit_x * (bits.ue() + bits.ue())
        height -= unit_y * (bits.ue() + bits.ue())
    return sides(width, height)
