"""A recording while it is made: when it begins anew, what its journal says, and the announcement that it ends as.

The journal has a line for the recording and one for each fragment, each line behind the CRC-32 of its text. A fragment
counts when its line is whole and the SHA-256 of its bytes is the line's: that is all that recovery needs to know.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import msgspec

from vantage.contracts import Recording
from vantage.contracts.base import Clock, Message, Origin, Picture
from vantage.contracts.recording import FragmentRange, Gap
from vantage.fragment_digests import trailer, trailer_length
from vantage_ingest.domain.assembler import Cut

BUCKET = "footage"
T = TypeVar("T", bound=Message)


class Head(Message, frozen=True, kw_only=True):
    """The journal's first line: what is known when a recording begins."""

    recording_id: str
    camera_id: str
    epoch: int
    start: int
    picture: Picture
    init_length: int
    init_sha256: str
    gap_before: Gap | None
    retention_class: str
    origin: Origin = Origin()


class Entry(Message, frozen=True, kw_only=True):
    """A fragment's line."""

    range: FragmentRange
    clock: Clock


class Digest(Protocol):
    """What hashes; `hashlib` makes them."""

    def update(self, data: bytes, /) -> None:
        """Hash on."""
        ...


def line(record: Head | Entry) -> bytes:
    """A journal line with its checksum."""
    text = msgspec.json.encode(record)
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read_lines(journal: bytes) -> tuple[Head | None, list[Entry]]:
    """The head and the entries up to the first line that is not whole."""
    lines = journal.split(b"\n")[:-1]
    head = _parsed(lines[0], Head) if lines else None
    entries: list[Entry] = []
    for text in lines[1:]:
        entry = _parsed(text, Entry)
        if entry is None:
            break
        entries.append(entry)
    return head, entries


def _parsed(text: bytes, kind: type[T]) -> T | None:
    checksum, _, body = text.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError:
        return None


def whole(
    head: Head, entries: Iterable[Entry], read: Callable[[int, int], bytes], digest: Digest | None = None
) -> Iterator[Entry]:
    """The entries up to the first whose bytes are not there as they were hashed; `digest` is fed with what is whole.

    `read` gives the bytes from an offset, at most so many.
    """
    init = read(0, head.init_length)
    if hashlib.sha256(init).hexdigest() != head.init_sha256:
        return
    if digest is not None:
        digest.update(init)
    expected = head.init_length
    for entry in entries:
        found = entry.range
        if found.offset != expected:
            return
        expected += found.length
        piece = read(found.offset, found.length)
        if hashlib.sha256(piece).hexdigest() != found.sha256:
            return
        if digest is not None:
            digest.update(piece)
        yield entry


def length(head: Head, entries: Sequence[Entry]) -> int:
    """The bytes in the spool: the recording's object without its trailer."""
    return entries[-1].range.offset + entries[-1].range.length if entries else head.init_length


def tail(entries: Iterable[Entry]) -> bytes:
    """The trailer that the object ends with. It is made of the journal, so the spool need not hold it."""
    return trailer(entry.range.sha256 for entry in entries)


def phase(camera_id: str, seconds: int) -> int:
    """Where in each `seconds` the camera's recordings end (microseconds), spread evenly over the cameras."""
    return int.from_bytes(hashlib.sha256(camera_id.encode()).digest()[:8], "big") % (seconds * 1_000_000)


def begins_anew(head: Head, end: int, cut: Cut, *, seconds: int, init_sha256: str, origin: Origin) -> bool:
    """Whether the fragment cannot go into the recording that ends at `end`: its minute is over, or it is of another
    ownership, picture or origin (who coded it, under which masks), or it does not follow directly.
    """
    if cut.epoch != head.epoch or init_sha256 != head.init_sha256 or origin != head.origin:
        return True
    if cut.start != end or cut.missing is not None:
        return True
    slot = seconds * 1_000_000
    shift = phase(head.camera_id, seconds)
    return (cut.start - shift) // slot != (head.start - shift) // slot or cut.end - head.start > slot


def object_key(head: Head) -> str:
    """`<cell>/<camera name>/<yyyymmdd>/<recording_id>.mp4`."""
    day = datetime.fromtimestamp(head.start // 1_000_000, UTC)
    return f"{camera_prefix(head.camera_id)}{day:%Y%m%d}/{head.recording_id}.mp4"


def camera_prefix(camera_id: str) -> str:
    """What every object key of the camera's recordings begins with."""
    cell, _, name = camera_id.partition(".")
    return f"{cell}/{name}/"


def announcement(head: Head, entries: Sequence[Entry], sha256: str, gap: Gap | None) -> Recording:
    """The message of a recording that is whole in the store; its clock is the least good of its fragments'."""
    last = entries[-1].range
    return Recording(
        recording_id=head.recording_id,
        camera_id=head.camera_id,
        epoch=head.epoch,
        start=head.start,
        end=last.start + last.duration,
        clock=max((entry.clock for entry in entries), key=_badness),
        picture=head.picture,
        bucket=BUCKET,
        object=object_key(head),
        size=length(head, entries) + trailer_length(len(entries)),
        sha256=sha256,
        init_length=head.init_length,
        fragments=[entry.range for entry in entries],
        gap_before=gap,
        retention_class=head.retention_class,
        origin=head.origin,
    )


def _badness(clock: Clock) -> int:
    return ("ntp", "estimated", "none").index(clock.quality)
