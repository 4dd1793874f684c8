"""One camera's last seconds as a sliding HLS playlist, whose numbers every gateway and every restart agrees on.

A fragment's number is its sequence on top of its epoch's beginning, so a gateway that was killed goes on with the same
numbers, and a player does not notice. Numbers in a playlist have no holes: after a hole, or when another owner takes
the camera over, the playlist begins anew, further on.
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

_COUNTED_FROM_MS = 1_577_836_800_000
"""2020 began then: numbers that start here fit the 32 bits that some players have for them."""
_NUMBER_MS = 500
"""An epoch's beginning counts one each half second; fragments are 0.8 s at least, so the next epoch is further on."""


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
    breaks: int = 0
    run: str = ""

    @property
    def number(self) -> int:
        """Its media sequence number."""
        return max(0, self.epoch - _COUNTED_FROM_MS) // _NUMBER_MS + self.sequence

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
        self._unbroken = 0  # fragments without a hole up to the last
        self._runs = 0  # breaks within the epoch
        self._target = 1  # a playlist's target must not shrink while it is played

    def add(self, fragment: LiveFragment) -> bool:
        """Take a fragment unless it is a copy or its epoch is over; whether it was taken."""
        last = self._kept[-1] if self._kept else None
        if last is not None and (fragment.epoch, fragment.sequence) <= (last.epoch, last.sequence):
            return False
        self._target = max(self._target, target_duration(fragment.duration_us))
        breaks = last is not None and _breaks(last, fragment)
        self._unbroken = self._unbroken + 1 if last is not None and _follows(last, fragment) else 1
        self._runs = self._runs + breaks if last is not None and last.epoch == fragment.epoch else 0
        counted = last.breaks + breaks if last is not None else 0
        self._kept.append(replace(fragment, breaks=counted, run=f"{fragment.epoch}-{self._runs}"))
        return True

    def find(self, fragment_id: str) -> LiveFragment | None:
        """The fragment of that id, while it is kept."""
        return next((one for one in self._kept if one.fragment_id == fragment_id), None)

    def of_run(self, run: str) -> LiveFragment | None:
        """A fragment of that unbroken run: all of them share an initialisation segment."""
        return next((one for one in reversed(self._kept) if one.run == run), None)

    def playlist(self) -> str:
        """The sliding playlist of what is there now; LookupError before the first fragment."""
        if not self._kept:
            msg = "no fragment has come yet"
            raise LookupError(msg)
        shown = list(self._kept)[-min(self._unbroken, SHOWN) :]
        entries = [_entry(one, shown[at - 1] if at else None) for at, one in enumerate(shown)]
        first = shown[0]
        return live_playlist(entries, target=self._target, sequence=first.number, discontinuity_sequence=first.breaks)


def _follows(last: LiveFragment, new: LiveFragment) -> bool:
    return (new.epoch, new.sequence) == (last.epoch, last.sequence + 1)


def _breaks(last: LiveFragment, new: LiveFragment) -> bool:
    return (
        new.broken
        or not _follows(last, new)
        or new.picture != last.picture
        or abs(new.start_us - last.start_us - last.duration_us) > _SEAM_US
    )


def _entry(one: LiveFragment, before: LiveFragment | None) -> Entry:
    return Entry(
        uri=f"segments/{one.fragment_id}.m4s",
        start_us=one.start_us,
        duration_us=one.duration_us,
        init_uri=f"init/{one.run}.mp4",
        discontinuity=before is not None and before.run != one.run,
    )
