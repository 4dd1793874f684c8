"""Where the time of one fragment goes: the real way from bytes to messages, with only the object store left out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from prometheus_client import REGISTRY

from vantage.clock import SystemClock
from vantage.contracts import Camera, encode
from vantage.stream import Received
from vantage_detect import clip as clips
from vantage_detect.adapters.desired import DesiredRates
from vantage_detect.adapters.network import Network
from vantage_detect.adapters.packs import Packs
from vantage_detect.analyser import Analyser
from vantage_detect.domain.freshness import Freshness
from vantage_detect.following import Following
from vantage_detect.handler import DetectHandler
from vantage_detect.looker import Looker

_STAGES = ("fetch", "decode", "network", "boxes", "tracks")
_AN_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class _Held:
    """Packs in memory."""

    packs: dict[str, bytes]

    def get(self, _bucket: str, key: str, offset: int = 0, length: int | None = None) -> bytes:
        return self.packs[key][offset : None if length is None else offset + length]


class _NoCameras:
    """A register that holds none, so that the rate is the default."""

    def get(self, _key: str) -> Camera | None:
        return None


def profile_clip(source: Path, networks: Sequence[Network], seconds: int, rate: float) -> str:
    """A table of milliseconds a fragment and stage. Raises Unusable where the source is no video."""
    clip = clips.native(source, seconds)
    now = SystemClock().now_us()
    messages = [
        clip.announce(number, "hk1.profile", epoch=1, start_us=now, bucket="live", pack=str(number))
        for number in range(len(clip.pieces))
    ]
    packs = Packs(_Held({str(number): piece.init + piece.media for number, piece in enumerate(clip.pieces)}))
    looker = Looker(
        packs,
        Analyser(networks),
        DesiredRates(_NoCameras(), rate),
        freshness=Freshness(_AN_HOUR_US, _AN_HOUR_US),
        clock=SystemClock(),
        stop=Event(),
    )
    handler = DetectHandler(looker, Following(2_000_000, SystemClock()))
    handler.assigned("fragments.v1", [0])
    before, looks, begun = _stage_seconds(), _looks(), time.perf_counter()
    for offset, message in enumerate(messages):
        received = Received(message, "fragments.v1", 0, offset, message.camera_id, now)
        for outgoing in handler.handle([received]):
            encode(outgoing.message)
    total = time.perf_counter() - begun
    packs.stop()
    spent = {stage: after - before[stage] for stage, after in _stage_seconds().items()}
    head = (
        f"{len(messages)} fragments of {clip.size.width}x{clip.size.height} at {clip.fps} frames/s, "
        f"{_looks() - looks:.0f} looks; milliseconds a fragment:"
    )
    rest = total - sum(spent.values())
    return "\n".join([head, *_rows({**spent, "hash, messages": rest, "whole": total}, len(messages), total)])


def _rows(spent: dict[str, float], fragments: int, total: float) -> list[str]:
    return [f"  {stage:<15}{seconds * 1000 / fragments:9.2f}{seconds / total:8.1%}" for stage, seconds in spent.items()]


def _stage_seconds() -> dict[str, float]:
    name = "vantage_detect_stage_seconds_sum"
    return {stage: REGISTRY.get_sample_value(name, {"stage": stage}) or 0.0 for stage in _STAGES}


def _looks() -> float:
    return REGISTRY.get_sample_value("vantage_detect_looks_total") or 0.0
