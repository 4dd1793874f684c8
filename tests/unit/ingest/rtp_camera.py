"""A camera's side of RTP, for tests: pictures of made-up NAL units, and every way in which a camera may pack them."""

import random
import struct
from collections.abc import Iterator, Sequence
from itertools import count

from vantage_ingest.domain.rtp import Depacketizer
from vantage_ingest.domain.stream import AccessUnit, Codec, ParameterSets

TYPE = 96
SSRC = 0xDECAFBAD
STEP = 6000
_BESIDE = {"h264": (6, 7, 8, 9), "h265": (32, 33, 34, 35, 39)}
_number = count(1)

Nals = tuple[bytes, ...]


def sets(codec: Codec) -> ParameterSets:
    return ParameterSets(codec, (), ())


def header(codec: Codec, kind: int) -> bytes:
    return bytes((0x60 | kind,)) if codec == "h264" else bytes((kind << 1, 1))


def nal(codec: Codec, kind: int, size: int = 20, *, first: bool = True) -> bytes:
    """A unit like no other; `first` says whether a slice is its picture's first."""
    return header(codec, kind) + bytes((0x80 if first else 0x40,)) + (b"%08d" % next(_number)) * (size // 8 + 1)


def picture(codec: Codec, source: random.Random, *, least_slices: int = 1) -> Nals:
    """What stands beside the slices, then the slices."""
    key = source.random() < 0.3
    kind = {"h264": 5 if key else 1, "h265": 19 if key else 1}[codec]
    beside = [nal(codec, source.choice(_BESIDE[codec])) for _ in range(source.randrange(4))]
    slices = [
        nal(codec, kind, source.choice((1, 40, 300)), first=number == 0)
        for number in range(source.randint(least_slices, 4))
    ]
    return (*beside, *slices)


def packed(codec: Codec, nals: Nals, source: random.Random, *, most_together: int = 3) -> list[tuple[bytes, bool]]:
    """Payloads that hold these units, each alone, in fragments, or several together; and whether a slice ends in it."""
    payloads, rest = [], list(nals)
    while rest:
        way = source.choice(("alone", "fragments", "together"))
        units = [
            rest.pop(0) for _ in range(min(len(rest), source.randint(1, most_together) if way == "together" else 1))
        ]
        last = [is_slice(codec, unit) for unit in units][-1]
        if way == "together":
            payloads.append((together(codec, units), last))
        elif way == "alone":
            payloads.append((units[0], last))
        else:
            parts = fragments(codec, units[0], source.choice((1, 7, 100)))
            payloads += [(part, last and number == len(parts) - 1) for number, part in enumerate(parts)]
    return payloads


def is_slice(codec: Codec, unit: bytes) -> bool:
    return 1 <= unit[0] & 31 <= 5 if codec == "h264" else unit[0] >> 1 < 32


def together(codec: Codec, units: Sequence[bytes]) -> bytes:
    start = b"\x78" if codec == "h264" else bytes((48 << 1, 1))
    return start + b"".join(struct.pack(">H", len(unit)) + unit for unit in units)


def fragments(codec: Codec, unit: bytes, size: int) -> list[bytes]:
    length = 1 if codec == "h264" else 2
    body = unit[length:]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    kind = unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63
    start = bytes((unit[0] & 0xE0 | 28,)) if codec == "h264" else bytes((49 << 1, unit[1]))
    flags = [0x80 * (number == 0) | 0x40 * (number == len(parts) - 1) for number in range(len(parts))]
    return [start + bytes((flag | kind,)) + part for flag, part in zip(flags, parts, strict=True)]


def packet(
    payload: bytes,
    sequence: int,
    stamp: int,
    *,
    marker: bool = False,
    kind: int = TYPE,
    ssrc: int = SSRC,
    sources: int = 0,
    extension: bytes | None = None,
    padding: int = 0,
) -> bytes:
    flags = 0x80 | 0x20 * (padding > 0) | 0x10 * (extension is not None) | sources
    start = struct.pack(">BBHII", flags, kind | 0x80 * marker, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    more = bytes(4 * sources)
    if extension is not None:
        more += struct.pack(">HH", 0xBEDE, len(extension) // 4) + extension
    return start + more + payload + (bytes(padding - 1) + bytes((padding,)) if padding else b"")


def packets(codec: Codec, pictures: Sequence[Nals], source: random.Random, *, markers: str = "last") -> list[bytes]:
    """A stream of these pictures; `markers` are set on the `last` packet of each, `never`, or on each `slice`."""
    sequence, stamp = source.choice((0, 65_520, 30_000)), source.choice((0, 0xFFFFFFFF - 2 * STEP, 1 << 31))
    made: list[bytes] = []
    for number, nals in enumerate(pictures):
        payloads = packed(codec, nals, source, most_together=1 if markers == "slice" else 3)
        for index, (payload, ends_slice) in enumerate(payloads):
            last = index == len(payloads) - 1
            made.append(
                packet(
                    payload,
                    sequence + len(made),
                    stamp + STEP * number,
                    marker=(markers == "slice" and ends_slice) or (markers == "last" and last),
                    sources=source.choice((0, 0, 0, 2)),
                    extension=source.choice((None, None, b"", b"\x10\xff\x00\x00")),
                    padding=source.choice((0, 0, 4)),
                )
            )
    return made


def reads(made: Sequence[bytes], source: random.Random) -> Iterator[tuple[bytes, list[tuple[int, int]]]]:
    """The packets as reads of an interleaved connection bring them."""
    rest = list(made)
    while rest:
        data, spans = b"", []
        for _ in range(min(len(rest), source.randint(1, 9))):
            one = rest.pop(0)
            begin = len(data) + 4
            data += b"$\x00" + struct.pack(">H", len(one)) + one
            spans.append((begin, begin + len(one)))
        yield data, spans


def fed(depacketizer: Depacketizer, made: Sequence[bytes], source: random.Random | None = None) -> list[AccessUnit]:
    """All pictures that these packets give, 20 ms a read."""
    units: list[AccessUnit] = []
    source = source or random.Random(7)  # noqa: S311  # chance is to repeat here
    for number, (data, spans) in enumerate(reads(made, source)):
        units += depacketizer.feed(data, spans, 1_790_000_000_000_000 + 20_000 * number)
    return units
