"""Ten thousand broken inputs, the same ones each time: nothing but the named errors, bounded memory, bounded work."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from vantage_ingest.domain import h264, h265
from vantage_ingest.domain.bits import Truncated
from vantage_ingest.domain.init_segment import UnreadableParameters, init_segment
from vantage_ingest.domain.nal import sets_in
from vantage_ingest.domain.rtcp import SenderReport, parse, receiver_report
from vantage_ingest.domain.rtp import NotHandled
from vantage_ingest.domain.rtp_formats import depacketizer
from vantage_ingest.domain.rtp_order import MOST, ReorderBuffer
from vantage_ingest.domain.stream import Codec, ParameterSets

from .conftest import coded
from .rtp_camera import SSRC, TYPE, packets, reads, sets

STREAMS = 1000
"""Of eight spoilt packets each, for each codec; the rest are parameter sets and control packets."""
CODECS: list[Codec] = ["h264", "h265"]
READ_SPS: dict[Codec, Callable[[bytes], object]] = {"h264": h264.read_sps, "h265": h265.read_sps}


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """The same with one to four of: bits turned, bytes cut off, put in, doubled, or set to 0 or 255."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(made), chance.choice((4, 20, 1500))) or 1)
        match chance.randrange(6):
            case 0 if made:
                made[at % len(made)] ^= 1 << chance.randrange(8)
            case 1:
                del made[chance.randrange(len(made) + 1) :]
            case 2:
                made[at:at] = chance.randbytes(chance.randint(1, 20))
            case 3:
                made[at:at] = made[at : at + chance.randint(1, 40)]
            case 4 if made:
                made[at % len(made)] = chance.choice((0, 0xFF))
            case _:
                del made[at : at + chance.randint(1, 10)]
    return bytes(made)


@pytest.mark.parametrize("codec", CODECS)
def test_spoilt_packets_give_whole_pictures_or_nothing(codec: Codec) -> None:
    pictures = [unit.nals for unit in coded(codec)]
    refused = given = 0
    for seed in range(STREAMS):
        chance = random.Random(seed)  # noqa: S311  # chance is to repeat here
        begin = chance.randrange(len(pictures) - 3)
        made = packets(codec, pictures[begin : begin + 3], chance, markers=chance.choice(("last", "never", "slice")))
        for _ in range(8):
            at = chance.randrange(len(made))
            made[at] = spoilt(made[at], chance)
        if chance.random() < 0.3:
            chance.shuffle(made)
        reader, units = depacketizer(sets(codec), TYPE, {}), []
        try:
            for data, spans in reads(made, chance):
                units += reader.feed(data, spans, seed)
        except NotHandled:
            refused += 1
        units += reader.flush()
        given += len(units)
        held = sum(map(len, reader._nals)) + sum(map(len, reader._fragments))
        assert sum(unit.size for unit in units) + held <= sum(map(len, made))
        for unit in units:
            assert unit.pts is not None
            assert unit.pts >= 0
        assert len(reader.reception.report(1, seed)) == 52 or not reader._expected + 1
    assert refused < STREAMS / 10
    assert given > STREAMS / 2


@pytest.mark.parametrize("codec", CODECS)
def test_spoilt_parameter_sets_are_read_or_named(codec: Codec) -> None:
    whole = sets_in(codec, coded(codec)[0].nals)
    read = 0
    for seed in range(1000):
        chance = random.Random(seed)  # noqa: S311  # chance is to repeat here
        sps = whole.sps[0][:1] + spoilt(whole.sps[0][1:], chance)
        try:
            made = init_segment(ParameterSets(codec, (sps,), whole.pps, whole.vps))
            assert 1 <= made.picture.width <= 16_384
            assert len(made.data) < 2000 + len(sps)
            read += 1
        except UnreadableParameters:
            pass
        with suppress(Truncated):
            READ_SPS[codec](chance.randbytes(chance.randrange(60)))
    assert read


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("filling", [b"\x00", b"\xff", b"\x55"])
def test_a_parameter_set_of_megabytes_is_not_read_through(codec: Codec, filling: bytes) -> None:
    """Reading its bits one by one out of a number of megabytes would take minutes, and no timer ends that."""
    start = coded(codec)[0].nals[0][:2] + b"\x64\x00\x15"
    with pytest.raises(UnreadableParameters):
        init_segment(ParameterSets(codec, (start + filling * (1 << 24),), (b"\x68",), (b"\x40",)))
    with suppress(Truncated):
        READ_SPS[codec](start + filling * (1 << 24))


def test_too_many_parameter_sets_are_named() -> None:
    many = tuple(b"\x67%d" % number for number in range(300))
    with pytest.raises(UnreadableParameters, match="300"):
        init_segment(ParameterSets("h264", many, (b"\x68",)))


def test_spoilt_control_packets_are_read_or_are_nothing() -> None:
    compound = bytes.fromhex("80c80006") + SSRC.to_bytes(4, "big") + bytes(20) + receiver_report(SSRC, None)
    for seed in range(2000):
        chance = random.Random(seed)  # noqa: S311  # chance is to repeat here
        data = spoilt(compound, chance)
        said = parse(data, 0, len(data) + chance.randrange(-3, 3))
        if isinstance(said, SenderReport):
            reader = depacketizer(sets("h264"), TYPE, {})
            reader.captured(said)
            assert said.utc_us is None or said.utc_us < 1 << 62


def test_spoilt_datagrams_are_put_in_some_order() -> None:
    chance = random.Random(1)  # noqa: S311  # chance is to repeat here
    made = packets("h264", [unit.nals for unit in coded("h264")], chance)
    buffer = ReorderBuffer()
    for turn in range(2000):
        data, spans = buffer.take([spoilt(chance.choice(made), chance) for _ in range(3)], 5000 * turn)
        assert sum(end - begin for begin, end in spans) == len(data)
        assert len(buffer._held) <= MOST
