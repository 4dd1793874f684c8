"""A recording made of live fragments: the same bytes that the lost one held, under an id of its own.

Its epoch is one more than the lost ownership's: a later ownership still wins over it, and it wins over what the lost
spool would announce if its node came back after all.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from vantage.contracts import Recording
from vantage.contracts.base import Clock
from vantage.contracts.recording import FragmentRange, Gap
from vantage.fragment_digests import trailer
from vantage.ids import recording_id
from vantage_storage.domain.orphans import Fetched

BUCKET = "footage"


def rebuild(run: Sequence[Fetched], gap: Gap | None, retention_class: str) -> tuple[bytes, Recording]:
    """The object's bytes and its announcement. The fragments follow one another and begin with one first segment."""
    first, last = run[0].fragment, run[-1].fragment
    data = b"".join([run[0].init, *(one.data for one in run), trailer(one.fragment.sha256 for one in run)])
    epoch = first.epoch + 1
    identity = recording_id(first.camera_id, first.start, epoch)
    return data, Recording(
        recording_id=identity,
        camera_id=first.camera_id,
        epoch=epoch,
        start=first.start,
        end=last.start + last.duration,
        clock=max((one.fragment.clock for one in run), key=_badness),
        picture=first.picture,
        bucket=BUCKET,
        object=object_key(first.camera_id, first.start, identity),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        init_length=len(run[0].init),
        fragments=_ranges(run),
        gap_before=gap,
        retention_class=retention_class,
        origin=first.origin,
    )


def object_key(camera_id: str, start: int, identity: str) -> str:
    """`<cell>/<camera name>/<yyyymmdd>/<recording_id>.mp4`."""
    cell, _, name = camera_id.partition(".")
    return f"{cell}/{name}/{datetime.fromtimestamp(start // 1_000_000, UTC):%Y%m%d}/{identity}.mp4"


def _ranges(run: Sequence[Fetched]) -> list[FragmentRange]:
    offset, found = len(run[0].init), []
    for one in run:
        part = one.fragment
        found.append(FragmentRange(part.start, part.duration, offset, len(one.data), part.sha256))
        offset += len(one.data)
    return found


def _badness(clock: Clock) -> int:
    return ("ntp", "estimated", "none").index(clock.quality)
