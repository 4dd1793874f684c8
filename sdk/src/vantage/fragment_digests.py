"""The digests of a recording's fragments, as the last box of the recording's own object.

So whoever has the object can check each fragment by itself, and an index needs to keep one digest, of this *trailer*,
for all of them. It is an ISO BMFF box of the type `uuid`, which players skip (ISO/IEC 14496-12, 4.2): its length
(4 bytes, big-endian), `uuid`, `EXTENDED_TYPE` (16 bytes), then the SHA-256 of each fragment in order, 32 bytes each.
"""

import struct
from collections.abc import Iterable
from uuid import UUID

from vantage.errors import TrailerMalformed

EXTENDED_TYPE = UUID("5e2b7d0c-6f3a-4b86-9a41-c7d81f5a90e3")
_HEAD = struct.Struct(">I4s16s")
_DIGEST = 32


def trailer(digests: Iterable[str]) -> bytes:
    """The box of these SHA-256 (hex). Raises ValueError for what is none."""
    content = [bytes.fromhex(digest) for digest in digests]
    for digest in content:
        if len(digest) != _DIGEST:
            msg = f"{digest.hex()} is no SHA-256: it has {len(digest)} bytes, not {_DIGEST}"
            raise ValueError(msg)
    return _HEAD.pack(trailer_length(len(content)), b"uuid", EXTENDED_TYPE.bytes) + b"".join(content)


def trailer_length(count: int) -> int:
    """The bytes of a trailer for so many fragments."""
    return _HEAD.size + count * _DIGEST


def digests_of(box: bytes) -> list[str]:
    """The digests (hex) that a trailer holds. Raises TrailerMalformed for bytes that are not exactly one."""
    if len(box) < _HEAD.size or (len(box) - _HEAD.size) % _DIGEST:
        msg = f"{len(box)} bytes are no trailer: that has {_HEAD.size}, and {_DIGEST} for each fragment"
        raise TrailerMalformed(msg)
    length, kind, extended = _HEAD.unpack_from(box)
    if (length, kind, extended) != (len(box), b"uuid", EXTENDED_TYPE.bytes):
        msg = f"{len(box)} bytes that begin with {box[: _HEAD.size].hex()} are no trailer of digests"
        raise TrailerMalformed(msg)
    return [box[at : at + _DIGEST].hex() for at in range(_HEAD.size, len(box), _DIGEST)]
