"""HLS media playlists (RFC 8216) of fragmented MP4, as hls.js and FFmpeg play them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MEDIA_TYPE = "application/vnd.apple.mpegurl"


@dataclass(frozen=True)
class Entry:
    """One segment: address relative to the playlist, capture start and duration (microseconds), the address of its
    initialisation segment, and whether the timeline breaks before it.
    """

    uri: str
    start_us: int
    duration_us: int
    init_uri: str
    discontinuity: bool = False


def live_playlist(entries: Sequence[Entry], *, target: int, sequence: int, discontinuity_sequence: int) -> str:
    """A playlist that slides: `sequence` is the first entry's number, `discontinuity_sequence` the breaks before it."""
    head = [
        f"#EXT-X-MEDIA-SEQUENCE:{sequence}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuity_sequence}",
    ]
    return _lines(entries, target, head, [])


def recorded_playlist(entries: Sequence[Entry]) -> str:
    """A playlist that is whole and ends."""
    target = max((target_duration(entry.duration_us) for entry in entries), default=1)
    return _lines(entries, target, ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"], ["#EXT-X-ENDLIST"])


def target_duration(duration_us: int) -> int:
    """The whole seconds that a segment counts as (RFC 8216, section 4.3.3.1: rounded to the nearest); at least 1."""
    return max(1, (duration_us + 500_000) // 1_000_000)


def iso_time(at_us: int) -> str:
    """UTC microseconds as ISO 8601 with milliseconds."""
    moment = _EPOCH + timedelta(microseconds=at_us)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lines(entries: Sequence[Entry], target: int, head: list[str], end: list[str]) -> str:
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *head,
    ]
    before: Entry | None = None
    for entry in entries:
        lines += _entry(entry, before)
        before = entry
    return "\n".join([*lines, *end]) + "\n"


def _entry(entry: Entry, before: Entry | None) -> Iterator[str]:
    if entry.discontinuity and before is not None:
        yield "#EXT-X-DISCONTINUITY"
    if before is None or entry.discontinuity or entry.init_uri != before.init_uri:
        yield f'#EXT-X-MAP:URI="{entry.init_uri}"'
    yield f"#EXT-X-PROGRAM-DATE-TIME:{iso_time(entry.start_us)}"
    yield f"#EXTINF:{entry.duration_us / 1e6:.6f},"
    yield entry.uri
