"""The bricks of an MP4 file: boxes of length, type and payload (ISO 14496-12, 4.2)."""

import struct

IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""The picture is shown as it is: the unity matrix of tkhd and mvhd."""


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box around its parts."""
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def u32(*values: int) -> bytes:
    """Numbers of 32 bits."""
    return struct.pack(f">{len(values)}I", *values)


def prefixed(nal: bytes) -> bytes:
    """A NAL unit behind its length in 16 bits, as the configuration records want it."""
    return struct.pack(">H", len(nal)) + nal
