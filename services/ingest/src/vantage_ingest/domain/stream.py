"""What a reader hands over: the coded pictures of one camera as they came, and what is known of their time."""

from dataclasses import dataclass
from typing import Literal

import msgspec

Codec = Literal["h264", "h265"]

TICKS = 90_000
"""Ticks a second of every time stamp here: RTP's clock for video (RFC 6184, RFC 7798)."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a decoder needs before the first picture; NAL units without start codes. H.264 has no `vps`."""

    codec: Codec
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    vps: tuple[bytes, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether an initialisation segment can be made of them."""
        return bool(self.sps and self.pps and (self.vps or self.codec == "h264"))


class AccessUnit(msgspec.Struct, frozen=True, gc=False):
    """One coded picture; made thousands of times a second, hence a struct that the garbage collector leaves alone.

    `pts` is in ticks and None where the stream gave none; `nals` are the NAL units as received; `arrived_us` is our
    clock (UTC microseconds) when it was read; `captured_us` is the camera's clock, where a sender report said so;
    `timed` is false once a missing `pts` was made up.
    """

    pts: int | None
    keyframe: bool
    nals: tuple[bytes, ...]
    arrived_us: int
    captured_us: int | None = None
    timed: bool = True

    @property
    def size(self) -> int:
        """Bytes of its NAL units."""
        return sum(map(len, self.nals))


def micros(ticks: int) -> int:
    """Ticks as microseconds, rounded down; exact for whole milliseconds."""
    return ticks * 100 // 9
