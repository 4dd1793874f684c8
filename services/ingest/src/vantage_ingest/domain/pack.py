"""A pack: the live fragments that one partition's cameras finished within a tick, in one object.

Each fragment stands there behind its own initialisation segment, so that a reader of its byte range needs nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vantage.contracts import Fragment
from vantage.contracts.base import Origin, StreamName
from vantage.ids import fragment_id
from vantage_ingest.domain.assembler import Cut

BUCKET = "live"
_CAMERA = Origin()


@dataclass(frozen=True)
class LiveFragment:
    """A fragment on its way to a pack; `offered_us` is our clock when it was finished."""

    camera_id: str
    partition: int
    cut: Cut
    offered_us: int
    stream: StreamName = "main"
    origin: Origin = _CAMERA

    @property
    def size(self) -> int:
        """Bytes that it takes in a pack."""
        return len(self.cut.init) + len(self.cut.data)


def pack_key(cell_id: str, partition: int, made_us: int, epoch: int, slot: str) -> str:
    """`<cell>/<partition>/<yyyymmdd>/<hhmm>/<ms>-<epoch>-<slot>.pack`: in the order of time within a partition.

    `slot` names the worker: two of them may have cameras of one partition, and pack in the same millisecond.
    """
    return f"{_moment(cell_id, partition, made_us)}-{epoch}-{slot}.pack"


def expired_before(cell_id: str, partition: int, now_us: int, keep: timedelta) -> str:
    """The key that every pack of the partition which is older than `keep` comes before."""
    return _moment(cell_id, partition, now_us - round(keep.total_seconds() * 1e6))


def _moment(cell_id: str, partition: int, made_us: int) -> str:
    moment = datetime.fromtimestamp(made_us // 1_000_000, UTC)
    return f"{cell_id}/{partition}/{moment:%Y%m%d}/{moment:%H%M}/{made_us // 1000}"


def lay_out(key: str, fragments: Sequence[LiveFragment]) -> tuple[bytes, list[Fragment]]:
    """The pack's bytes, and each fragment's announcement with its byte range there."""
    parts: list[bytes] = []
    announced: list[Fragment] = []
    offset = 0
    for live in fragments:
        parts += (live.cut.init, live.cut.data)
        announced.append(_announcement(live, key, offset))
        offset += live.size
    return b"".join(parts), announced


def _announcement(live: LiveFragment, key: str, offset: int) -> Fragment:
    cut = live.cut
    return Fragment(
        fragment_id=fragment_id(live.camera_id, cut.epoch, cut.start, live.stream),
        camera_id=live.camera_id,
        epoch=cut.epoch,
        sequence=cut.sequence,
        start=cut.start,
        duration=cut.duration,
        clock=cut.clock,
        picture=cut.picture,
        bucket=BUCKET,
        pack=key,
        offset=offset,
        length=live.size,
        init_length=len(cut.init),
        sha256=cut.sha256,
        frames=list(cut.frames),
        stream=live.stream,
        origin=live.origin,
        discontinuity=cut.discontinuity,
    )
