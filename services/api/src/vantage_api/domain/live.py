"""One camera's last seconds, numbered as a sliding HLS playlist wants them.

A process that is killed loses this memory and builds it again from the topic. Its numbers then start from the capture
time, faster than fragments come, so they never fall behind those that a player has seen before: the player goes on.
"""

from collections import deque
from dataclasses import dataclass, replace

from vantage.contracts import Fragment
from vantage_api.domain.playlist import Entry, live_playlist, target_duration

KEPT = 30
"""Fragments kept: a player may still fetch what has left its playlist."""
SHOWN = 10
"""Fragments in the playlist."""
_SEAM_US = 100_000
"""Starts that differ by less from the end before are one timeline."""

_COUNTED_FROM_US = 1_577_836_800_000_000
"""2020 began then: numbers that start here fit the 32 bits that some players have for them."""
_COUNT_US = 500_000
"""A number each half second; fragments are 0.8 s at least, but for the end of a stream."""


@dataclass(frozen=True, slots=True)
class LiveFragment:
    """What serving a fragment takes: where its bytes are, its place in time, and its number and breaks in the list."""

    fragment_id: str
    epoch: int
    sequence: int
    start_us: int
    duration_us: int
    picture: tuple[str, int, int, int]
    bucket: str
    pack: str
    offset: int
    length: int
    init_length: int
    sha256: str
    broken: bool
    number: int = 0
    breaks: int = 0

    @classmethod
    def of(cls, fragment: Fragment) -> "LiveFragment":
        """The part of a fragment's announcement that is kept in memory."""
        picture = fragment.picture
        return cls(
            fragment_id=fragment.fragment_id,
            epoch=fragment.epoch,
            sequence=fragment.sequence,
            start_us=fragment.start,
            duration_us=fragment.duration,
            picture=(picture.codec, picture.width, picture.height, fragment.init_length),
            bucket=fragment.bucket,
            pack=fragment.pack,
            offset=fragment.offset,
            length=fragment.length,
            init_length=fragment.init_length,
            sha256=fragment.sha256,
            broken=fragment.discontinuity,
        )


class LiveCamera:
    """The last fragments of one camera, in order, each once; the higher epoch wins."""

    def __init__(self) -> None:
        self._kept: deque[LiveFragment] = deque(maxlen=KEPT)
        self._target = 1  # a playlist's target must not shrink while it is played

    def add(self, fragment: LiveFragment) -> bool:
        """Take a fragment unless it is a copy or its epoch is over; whether it was taken."""
        last = self._kept[-1] if self._kept else None
        self._target = max(self._target, target_duration(fragment.duration_us))
        if last is None:
            number = max(0, fragment.start_us - _COUNTED_FROM_US) // _COUNT_US
            self._kept.append(replace(fragment, number=number, breaks=number))
            return True
        if (fragment.epoch, fragment.sequence) <= (last.epoch, last.sequence):
            return False
        breaks = last.breaks + _breaks(last, fragment)
        self._kept.append(replace(fragment, number=last.number + 1, breaks=breaks))
        return True

    def find(self, fragment_id: str) -> LiveFragment | None:
        """The fragment of that id, while it is kept."""
        return next((one for one in self._kept if one.fragment_id == fragment_id), None)

    def with_breaks(self, breaks: int) -> LiveFragment | None:
        """A fragment of the unbroken run that has this number: all of them share an initialisation segment."""
        return next((one for one in reversed(self._kept) if one.breaks == breaks), None)

    def playlist(self) -> str:
        """The sliding playlist of what is there now; LookupError before the first fragment."""
        shown = list(self._kept)[-SHOWN:]
        if not shown:
            msg = "no fragment has come yet"
            raise LookupError(msg)
        entries = [_entry(one, shown[at - 1] if at else None) for at, one in enumerate(shown)]
        first = shown[0]
        return live_playlist(entries, target=self._target, sequence=first.number, discontinuity_sequence=first.breaks)


def _breaks(last: LiveFragment, new: LiveFragment) -> bool:
    return (
        new.broken
        or (new.epoch, new.sequence) != (last.epoch, last.sequence + 1)
        or new.picture != last.picture
        or abs(new.start_us - last.start_us - last.duration_us) > _SEAM_US
    )


def _entry(one: LiveFragment, before: LiveFragment | None) -> Entry:
    return Entry(
        uri=f"segments/{one.fragment_id}.m4s",
        start_us=one.start_us,
        duration_us=one.duration_us,
        init_uri=f"init/{one.breaks}.mp4",
        discontinuity=before is not None and before.breaks != one.breaks,
    )
