"""The bytes that are written: a player decodes every picture, and every NAL unit is as it was received."""

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.contracts.base import Picture
from vantage_ingest.domain.boxes import box
from vantage_ingest.domain.cut import samples
from vantage_ingest.domain.cutter import Cutter, Group
from vantage_ingest.domain.fragment import Sample, fragment
from vantage_ingest.domain.init_segment import UnreadableParameters, init_segment
from vantage_ingest.domain.nal import sets_in, split, without_sets
from vantage_ingest.domain.stream import AccessUnit, Codec, ParameterSets

from .conftest import HEIGHT, WIDTH, coded, decoded

KINDS: list[tuple[Codec, int]] = [("h264", 0), ("h264", 2), ("h265", 0), ("h265", 2)]


def groups(codec: Codec, units: tuple[AccessUnit, ...]) -> list[Group]:
    cutter = Cutter(sets_in(codec, units[0].nals), 1)
    found = [group for unit in units if (group := cutter.feed(unit)) is not None]
    last = cutter.flush()
    return found + ([last] if last else [])


def payload(data: bytes) -> Iterator[bytes]:
    """The NAL units of a fragment's mdat."""
    at = struct.unpack_from(">I", data)[0] + 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


@pytest.mark.parametrize(("codec", "b_frames"), KINDS)
def test_every_picture_decodes_at_its_time(codec: Codec, b_frames: int) -> None:
    units = coded(codec, b_frames=b_frames)
    made = init_segment(sets_in(codec, units[0].nals))
    data = made.data + b"".join(fragment(n + 1, g.begin, samples(g)) for n, g in enumerate(groups(codec, units)))
    frames = decoded(data)
    assert (made.picture.width, made.picture.height) == (WIDTH, HEIGHT) == (frames[0].width, frames[0].height)
    first = frames[0].pts or 0  # FFmpeg moves all times alike where composition offsets are negative
    assert [(frame.pts or 0) - first for frame in frames] == sorted(unit.pts or 0 for unit in units)
    assert len(frames) == len(units)


@pytest.mark.parametrize(("codec", "b_frames"), KINDS)
def test_every_fragment_decodes_by_itself(codec: Codec, b_frames: int) -> None:
    units = coded(codec, b_frames=b_frames)
    init = init_segment(sets_in(codec, units[0].nals)).data
    for group in groups(codec, units):
        assert len(decoded(init + fragment(1, 0, samples(group)))) == len(group.units)


@pytest.mark.parametrize(("codec", "b_frames"), KINDS)
def test_nal_units_are_kept_byte_for_byte(codec: Codec, b_frames: int) -> None:
    units = coded(codec, b_frames=b_frames)
    kept = [nal for group in groups(codec, units) for nal in payload(fragment(1, 0, samples(group)))]
    assert kept == [nal for unit in units for nal in without_sets(codec, unit.nals)]


@pytest.mark.parametrize(("codec", "brand"), [("h264", b"avc1"), ("h265", b"hvc1")])
def test_the_initialisation_segment_holds_the_cameras_own_parameter_sets(codec: Codec, brand: bytes) -> None:
    sets = sets_in(codec, coded(codec)[0].nals)
    made = init_segment(sets)
    assert made.picture == Picture(codec=made.picture.codec, width=WIDTH, height=HEIGHT)
    assert made.picture.codec.startswith(brand.decode())
    for nal in (*sets.vps, *sets.sps, *sets.pps):
        assert struct.pack(">H", len(nal)) + nal in made.data
    assert b"soun" not in made.data


def test_the_codec_string_says_profile_and_level() -> None:
    assert init_segment(sets_in("h265", coded("h265")[0].nals)).picture.codec.startswith("hvc1.1.6.L")
    high = ParameterSets("h264", (bytes.fromhex("67640015acb405011d080000030008000003019078b175"),), (b"h",))
    assert init_segment(high).picture == Picture(codec="avc1.640015", width=640, height=272)


@pytest.mark.parametrize("sps", [(), (b"\x67\x64",), (b"\x67\x64\x00\x15\x00",)])
def test_broken_parameter_sets_are_named(sps: tuple[bytes, ...]) -> None:
    with pytest.raises(UnreadableParameters, match=r"SPS|sequence parameter set"):
        init_segment(ParameterSets("h264", sps, (b"\x68",)))


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda data: b"\x41" + data + b"\x80"), min_size=1, max_size=9))
def test_splitting_undoes_the_start_codes(nals: list[bytes]) -> None:
    clean = [nal.replace(b"\x00\x00", b"\x00\x01") for nal in nals]
    assert split(b"".join(b"\x00\x00\x00\x01" + nal for nal in clean)) == tuple(clean)
    assert split(b"".join(b"\x00\x00\x01" + nal for nal in clean)) == tuple(clean)


@given(st.lists(st.tuples(st.integers(0, 9000), st.binary(min_size=1, max_size=50)), min_size=1, max_size=30))
def test_the_tables_of_a_fragment_add_up(rows: list[tuple[int, bytes]]) -> None:
    made = [Sample(duration, 0, number == 0, (nal,)) for number, (duration, nal) in enumerate(rows)]
    data = fragment(3, 1 << 40, made)
    assert [bytes(nal) for nal in payload(data)] == [nal for _, nal in rows]
    moof = struct.unpack_from(">I", data)[0]
    assert struct.unpack_from(">I4s", data, moof) == (len(data) - moof, b"mdat")
    assert struct.pack(">Q", 1 << 40) in data[:moof]


def test_a_box_is_its_length_its_kind_and_its_parts() -> None:
    assert box(b"free", b"a", b"bc") == b"\x00\x00\x00\x0bfreeabc"
