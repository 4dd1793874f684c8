"""A finished fragment, as it leaves the cutting of a stream and before anything is written."""

from dataclasses import dataclass, field

from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage_ingest.domain.fragment import Sample, packed
from vantage_ingest.domain.group import Break, Group


@dataclass(frozen=True)
class Cut:
    """A finished fragment: times in UTC microseconds of capture; `data` is one moof and mdat, `sha256` is of them.

    `missing` says why there is nothing directly before it, where that is known from the stream itself;
    `discontinuity` that something is missing or the clock was set.
    """

    epoch: int
    sequence: int
    start: int
    duration: int
    clock: Clock
    picture: Picture
    init: bytes = field(repr=False)
    data: bytes = field(repr=False)
    sha256: str
    frames: tuple[Frame, ...] = field(repr=False)
    discontinuity: bool
    missing: Break | None

    @property
    def end(self) -> int:
        """Where the next fragment begins, if nothing is missing."""
        return self.start + self.duration


def times(group: Group) -> list[int]:
    """When each picture is shown, in ticks, in the order of decoding."""
    return [unit.pts or 0 for unit in group.units]


def samples(group: Group) -> list[Sample]:
    """The pictures as samples: decoding times are the presentation times in order, so that B-frames fit, too."""
    shown = times(group)
    decoded = sorted(shown)
    following = [*decoded[1:], group.end]
    rows = zip(group.units, shown, decoded, following, strict=True)
    return [Sample(after - at, show - at, unit.keyframe, unit.nals) for unit, show, at, after in rows]


def written(group: Group, sequence: int, decode_time: int) -> tuple[bytes, tuple[Frame, ...]]:
    """The bytes of the group, and what each frame is in them."""
    rows = samples(group)
    data, sizes = packed(sequence, decode_time, rows)
    begin = group.begin
    frames = [
        Frame((shown - begin) * 100 // 9, size, unit.keyframe)
        for unit, shown, size in zip(group.units, times(group), sizes, strict=True)
    ]
    return data, tuple(frames)
