"""The initialisation segment of one video track: ftyp and moov (CMAF, ISO 23000-19; ISO 14496-12 and -15).

There is never a sound track.
"""

import struct
from dataclasses import dataclass

from vantage.contracts.base import Picture
from vantage_ingest.domain import h264, h265
from vantage_ingest.domain.bits import Truncated
from vantage_ingest.domain.boxes import IDENTITY, box, full_box, prefixed, u32
from vantage_ingest.domain.stream import TICKS, ParameterSets

_TRACK = 1
_UNDETERMINED = 0x55C40000
_RESOLUTION = 0x480000
_ENABLED_IN_MOVIE = 3
_MOST_SETS, _LONGEST_SET = 31, 0xFFFF
"""What avcC has room for (ISO 14496-15, 5.3.3.1)."""


class UnreadableParameters(ValueError):
    """The camera's parameter sets are missing or broken: no player could show its video."""


@dataclass(frozen=True)
class InitSegment:
    """The bytes, and the picture that they announce."""

    data: bytes
    picture: Picture


def init_segment(sets: ParameterSets) -> InitSegment:
    """Make the segment from the camera's own parameter sets. Raises UnreadableParameters."""
    if not sets.complete:
        msg = f"the stream holds {len(sets.sps)} SPS, {len(sets.pps)} PPS, {len(sets.vps)} VPS: one of each is needed"
        raise UnreadableParameters(msg)
    for nals in (sets.vps, sets.sps, sets.pps):
        if len(nals) > _MOST_SETS or max(map(len, nals), default=0) > _LONGEST_SET:
            msg = f"the stream holds {len(nals)} parameter sets of a kind, the longest of {max(map(len, nals))} bytes"
            raise UnreadableParameters(msg)
    try:
        picture, entry = _avc1(sets) if sets.codec == "h264" else _hvc1(sets)
    except Truncated as error:
        msg = f"the sequence parameter set {sets.sps[0][:64].hex()} cannot be read: {error}"
        raise UnreadableParameters(msg) from error
    brands = box(b"ftyp", b"iso6", u32(0), b"iso6cmfcmp41")
    return InitSegment(brands + _moov(picture, entry), picture)


def _avc1(sets: ParameterSets) -> tuple[Picture, bytes]:
    sps = h264.read_sps(sets.sps[0])
    picture = Picture(codec=sps.codec, width=sps.width, height=sps.height)
    depths = bytes((0xFC | sps.chroma, 0xF8 | sps.luma_depth - 8, 0xF8 | sps.chroma_depth - 8, 0))
    record = box(
        b"avcC",
        bytes((1, sps.profile, sps.constraints, sps.level, 0xFF, 0xE0 | len(sets.sps))),
        *map(prefixed, sets.sps),
        bytes((len(sets.pps),)),
        *map(prefixed, sets.pps),
        depths if sps.high else b"",
    )
    return picture, _sample_entry(b"avc1", picture, record)


def _hvc1(sets: ParameterSets) -> tuple[Picture, bytes]:
    sps = h265.read_sps(sets.sps[0])
    picture = Picture(codec=sps.codec, width=sps.width, height=sps.height)
    arrays = [
        bytes((0x80 | kind,)) + struct.pack(">H", len(nals)) + b"".join(map(prefixed, nals))
        for kind, nals in ((32, sets.vps), (33, sets.sps), (34, sets.pps))
    ]
    record = box(
        b"hvcC",
        bytes((1, sps.space << 6 | sps.tier << 5 | sps.profile)),
        u32(sps.compatibility),
        sps.constraints.to_bytes(6, "big"),
        bytes((sps.level, 0xF0, 0, 0xFC, 0xFC | sps.chroma, 0xF8 | sps.luma_depth - 8, 0xF8 | sps.chroma_depth - 8)),
        struct.pack(">HBB", 0, sps.layers << 3 | sps.nested << 2 | 3, len(arrays)),
        *arrays,
    )
    return picture, _sample_entry(b"hvc1", picture, record)


def _sample_entry(kind: bytes, picture: Picture, record: bytes) -> bytes:
    size = struct.pack(">HHIIIH", picture.width, picture.height, _RESOLUTION, _RESOLUTION, 0, 1)
    return box(kind, bytes(6), b"\x00\x01", bytes(16), size, bytes(32), struct.pack(">Hh", 24, -1), record)


def _moov(picture: Picture, entry: bytes) -> bytes:
    header = full_box(
        b"mvhd", 0, 0, u32(0, 0, TICKS, 0, 0x10000), b"\x01\x00", bytes(10), IDENTITY, bytes(24), u32(_TRACK + 1)
    )
    defaults = full_box(b"trex", 0, 0, u32(_TRACK, 1, 0, 0, 0))
    return box(b"moov", header, _trak(picture, entry), box(b"mvex", defaults))


def _trak(picture: Picture, entry: bytes) -> bytes:
    size = u32(picture.width << 16, picture.height << 16)
    header = full_box(b"tkhd", 0, _ENABLED_IN_MOVIE, u32(0, 0, _TRACK, 0, 0), bytes(16), IDENTITY, size)
    media = full_box(b"mdhd", 0, 0, u32(0, 0, TICKS, 0, _UNDETERMINED))
    handler = full_box(b"hdlr", 0, 0, u32(0), b"vide", bytes(12), b"video\x00")
    here = box(b"dinf", full_box(b"dref", 0, 0, u32(1), full_box(b"url ", 0, 1)))
    empty = [full_box(kind, 0, 0, u32(0)) for kind in (b"stts", b"stsc")]
    tables = box(
        b"stbl", full_box(b"stsd", 0, 0, u32(1), entry), *empty, full_box(b"stsz", 0, 0, u32(0, 0)), _no_chunks()
    )
    information = box(b"minf", full_box(b"vmhd", 0, 1, u32(0, 0)), here, tables)
    return box(b"trak", header, box(b"mdia", media, handler, information))


def _no_chunks() -> bytes:
    return full_box(b"stco", 0, 0, u32(0))
