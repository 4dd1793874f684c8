"""The control packets beside a video (RFC 3550, section 6): read what the camera says, write what we report."""

import struct
from dataclasses import dataclass

_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _BYE = 200, 201, 202, 203
_ERA = 1 << 32
_UNIX_IN_NTP = 2_208_988_800
_HEADER = struct.Struct(">BBH")
_SENDER = struct.Struct(">IQIII")
_BLOCK = struct.Struct(">IIIIII")
_CNAME = b"vantage"


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The camera's clock at an RTP time stamp. `ntp` is in units of 2^-32 s since 1900 or, from 2036 on, since 2036."""

    source: int
    ntp: int
    stamp: int
    packets: int = 0
    octets: int = 0

    @property
    def utc_us(self) -> int | None:
        """`ntp` as UTC microseconds; None where the camera says that it has no clock (0).

        The era is the one of RFC 4330, section 3: a high first bit is before 2036-02-07T06:28:16Z, a low one after.
        """
        if not self.ntp:
            return None
        seconds = self.ntp >> 32
        era = 0 if seconds >> 31 else _ERA
        return (seconds + era - _UNIX_IN_NTP) * 1_000_000 + ((self.ntp & 0xFFFFFFFF) * 1_000_000 >> 32)


@dataclass(frozen=True, slots=True)
class Bye:
    """The camera ends these sources."""

    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What we say of a source (RFC 3550, 6.4.1); `last_report` and `delay` are LSR and DLSR, in 2^-16 s."""

    source: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


def parse(data: bytes, begin: int, end: int) -> SenderReport | Bye | None:
    """What the compound packet in `data[begin:end]` says: a goodbye before a report, and None where neither is in it.

    Descriptions and others are passed over; from a broken packet on, nothing is read. Raises nothing.
    """
    end = min(end, len(data))
    report = None
    while end - begin >= 4:
        flags, kind, words = _HEADER.unpack_from(data, begin)
        following = begin + 4 + 4 * words
        if flags >> 6 != 2 or following > end:
            break
        if kind == _BYE:
            return Bye(_sources(data, begin + 4, following, flags & 31))
        if kind == _SENDER_REPORT and words >= 6 and report is None:
            report = SenderReport(*_SENDER.unpack_from(data, begin + 4))
        begin = following
    return report


def receiver_report(reporter: int, block: ReportBlock | None) -> bytes:
    """A receiver report from `reporter` with the description that must follow it (RFC 3550, 6.1)."""
    body = b"" if block is None else _block(block)
    report = struct.pack(">BBHI", 0x80 | bool(body), _RECEIVER_REPORT, 1 + len(body) // 4, reporter) + body
    item = struct.pack(">IBB", reporter, 1, len(_CNAME)) + _CNAME
    item += bytes(4 - len(item) % 4)
    return report + struct.pack(">BBH", 0x81, _DESCRIPTION, len(item) // 4) + item


def _block(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
    jitter, delay = min(block.jitter, 0xFFFFFFFF), min(block.delay, 0xFFFFFFFF)
    loss = block.fraction_lost << 24 | lost
    return _BLOCK.pack(block.source, loss, block.highest & 0xFFFFFFFF, jitter, block.last_report, delay)


def _sources(data: bytes, begin: int, end: int, count: int) -> tuple[int, ...]:
    count = min(count, (end - begin) // 4)
    return struct.unpack_from(f">{count}I", data, begin)
