"""From the camera's units to the bytes of a recording: each is there, in its order, with the hash that it came with."""

import hashlib
import struct
from collections.abc import Iterator

import pytest

from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.stream import AccessUnit, Codec, ParameterSets

from .conftest import coded, decoded

IDENTITY = b"0123456789abcdef"
KINDS: list[tuple[Codec, int]] = [("h264", 0), ("h264", 2), ("h265", 0), ("h265", 2)]


def sei(codec: Codec, number: int, *, suffix: bool = False) -> bytes:
    """A user-data SEI unit as video signing uses it (ONVIF media signing); it ends as a unit must, in a one bit."""
    text = IDENTITY + b"signature %06d\xff\xd8" % number
    header = b"\x06" if codec == "h264" else bytes(((40 if suffix else 39) << 1, 1))
    return header + bytes((5, len(text))) + text + b"\x80"


def signed(codec: Codec, b_frames: int) -> list[AccessUnit]:
    """Real pictures, with a signature before the slices of each, behind those of some, and now and then by itself."""
    units: list[AccessUnit] = []
    for number, unit in enumerate(coded(codec, b_frames=b_frames)):
        before = sum(1 for nal in unit.nals if not is_slice(codec, nal))
        head, slices = unit.nals[:before], unit.nals[before:]
        tail = (sei(codec, 100_000 + number, suffix=True),) if number % 5 == 0 else ()
        nals = (*head, sei(codec, number), *slices, *tail)
        units.append(AccessUnit(unit.pts, unit.keyframe, nals, unit.arrived_us))
        if number % 7 == 3:
            alone = (sei(codec, 200_000 + number),)
            units.append(AccessUnit(unit.pts, False, alone, unit.arrived_us))
    return units


def is_slice(codec: Codec, nal: bytes) -> bool:
    return nal[0] & 31 in range(1, 6) if codec == "h264" else nal[0] >> 1 & 63 < 32


def is_set(codec: Codec, nal: bytes) -> bool:
    return nal[0] & 31 in (7, 8) if codec == "h264" else nal[0] >> 1 & 63 in (32, 33, 34)


def recorded(codec: Codec, units: list[AccessUnit]) -> list[Cut]:
    made = Assembler(1, CaptureClock(60_000_000), 1, lambda: 2)
    made.connect(ParameterSets(codec, (), ()))
    cuts = [cut for unit in units if (cut := made.feed(unit)) is not None]
    if (last := made.disconnect()) is not None:
        cuts.append(last)
    return cuts


def kept(data: bytes) -> Iterator[bytes]:
    """The NAL units of all mdat boxes of a recording."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        inside = at + 8
        while kind == b"mdat" and inside < at + size:
            (length,) = struct.unpack_from(">I", data, inside)
            yield data[inside + 4 : inside + 4 + length]
            inside += 4 + length
        at += size


@pytest.mark.parametrize(("codec", "b_frames"), KINDS)
def test_every_unit_is_stored_with_the_hash_that_it_came_with(codec: Codec, b_frames: int) -> None:
    units = signed(codec, b_frames)
    cuts = recorded(codec, units)
    recording = cuts[0].init + b"".join(cut.data for cut in cuts)
    sent = [nal for unit in units for nal in unit.nals]
    assert sum(IDENTITY in nal for nal in sent) > len(units)
    stored = [hashlib.sha256(nal).hexdigest() for nal in kept(recording)]
    assert stored == [hashlib.sha256(nal).hexdigest() for nal in sent if not is_set(codec, nal)]
    for nal in sent:
        assert nal in recording


@pytest.mark.parametrize(("codec", "b_frames"), KINDS)
def test_a_signed_recording_plays_with_every_picture_at_its_time(codec: Codec, b_frames: int) -> None:
    pictures = coded(codec, b_frames=b_frames)
    cuts = recorded(codec, signed(codec, b_frames))
    frames = decoded(cuts[0].init + b"".join(cut.data for cut in cuts))
    first = frames[0].pts or 0
    assert [(frame.pts or 0) - first for frame in frames] == sorted(unit.pts or 0 for unit in pictures)


def renumbered(pps: bytes) -> bytes:
    """The picture parameter set 0 as number 1: `1` becomes `010`, as Exp-Golomb codes have it."""
    bits = f"{int.from_bytes(pps[1:]):0{8 * len(pps) - 8}b}".rstrip("0")
    assert bits[0] == "1"
    moved = "010" + bits[1:]
    moved += "0" * (-len(moved) % 8)
    return pps[:1] + int(moved, 2).to_bytes(len(moved) // 8)


def test_a_set_that_comes_between_keyframes_stays_where_it_was_sent() -> None:
    units = list(coded("h264"))
    other = renumbered(next(nal for nal in units[0].nals if nal[0] & 31 == 8))
    late = units[10]
    units[10] = AccessUnit(late.pts, False, (other, *late.nals), late.arrived_us)
    cuts = recorded("h264", units)
    assert other in list(kept(cuts[0].data))
    assert other not in cuts[0].init
    assert len(decoded(cuts[0].init + cuts[0].data)) == len(cuts[0].frames) == 25
