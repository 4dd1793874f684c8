"""What a camera costs ingest: recorded, hashed, spooled and in the object store, on one pinned core.

The reference is another recorder on the same cameras and the same core in the same run: MediaMTX where PEER names its
program, else `ffmpeg -c copy` a camera. Neither of them hashes or uploads. `cameras a core` is the cameras that were
carried over the share of the core that ingest took, supervisor, uploads and live packs included; the store's, the event
log's and the cameras' own work is on the other core and not counted.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vantage.contracts import Recording
from vantage_bench import peers
from vantage_bench.cost import Reading, reading, system_calls
from vantage_bench.frames import durations
from vantage_bench.ledger import Account, account
from vantage_bench.report import Figure, report
from vantage_bench.rig import Recorder, keep_away, parts, say
from vantage_stack.cache import Cache
from vantage_stack.cameras.clip import bench_clip
from vantage_stack.stack import Stack

CAMERAS = int(os.environ.get("VANTAGE_BENCH_CAMERAS") or "300")
SECONDS = float(os.environ.get("VANTAGE_BENCH_SECONDS") or "60")
RATE = int(os.environ.get("VANTAGE_BENCH_RATE") or "15")
KBIT = int(os.environ.get("VANTAGE_BENCH_KBIT") or "1000")
PEER = os.environ.get("VANTAGE_BENCH_PEER") or ""
_WARM_UP_S = 65.0
"""Until every camera has had a recording uploaded: only then are uploads as many as they will be."""
_CALLS_S = 5.0
_COUNTED = 10
_TICKS = 90_000
_ROUNDING = 2
"""Ticks by which a camera's own time stamps are rounded."""
_GOAL_CAMERAS, _GOAL_TIMES_PEER = 600, 2.0


@dataclass(frozen=True)
class Run:
    """What one reader cost and kept."""

    before: Reading
    after: Reading
    cameras: int
    calls_per_frame: float | None
    total: Account
    short: int
    uneven: int
    frames: int
    lost_packets: float
    in_store: float

    @property
    def share(self) -> float:
        """The part of a core that a camera takes."""
        return self.after.share_since(self.before) / self.cameras


def main() -> None:
    """Run it and print the figures."""
    figures: dict[str, Figure] = {}
    with parts("bench-ingest", CAMERAS, [_clip()]) as stack:
        say(f"{CAMERAS} cameras of 1080p, {RATE} frames/s, {KBIT} kbit/s")
        ours = _run(stack, "native", CAMERAS)
        figures |= _figures(ours, "", goal=True)
        by_pyav = _run(stack, "pyav", min(CAMERAS, 100), reader="ffmpeg")
        figures |= _figures(by_pyav, "PyAV: ", goal=False)
        figures |= _peer(stack, ours)
    report("ingest", figures)


def _clip() -> Path:
    return bench_clip(Cache(), say, width=1920, height=1080, rate=RATE, bitrate=KBIT * 1000)


def _run(stack: Stack, name: str, cameras: int, *, reader: str = "auto") -> Run:
    recorder = Recorder(stack, name, cameras)
    say(f"{name}: {cameras} cameras")
    recorder.start(reader=reader)
    keep_away(stack)
    time.sleep(_WARM_UP_S)
    before = reading([recorder.pid])
    time.sleep(SECONDS)
    after = reading([recorder.pid])
    calls = system_calls([recorder.pid], _CALLS_S)
    lost = recorder.metric("vantage_ingest_lost_packets_total")
    stored = recorder.metric("vantage_ingest_recordings_total")
    recorder.stop()
    found = recorder.recordings()
    total = sum((account(each) for each in found.values()), Account())
    frames, uneven = _count(stack, found)
    return Run(
        before=before,
        after=after,
        cameras=cameras,
        calls_per_frame=None if calls is None else calls / (_CALLS_S * cameras * RATE),
        total=total,
        short=cameras - len(found),
        uneven=uneven,
        frames=frames,
        lost_packets=lost,
        in_store=stored,
    )


def _count(stack: Stack, found: Mapping[str, list[Recording]]) -> tuple[int, int]:
    """The pictures in the objects of some cameras, and those of them that are not shown for one frame: where
    the recordings have no seams and every picture has its own time, none is missing.
    """
    store = stack.store.access.open()
    shown = [
        ticks
        for camera in sorted(found)[:: max(1, len(found) // _COUNTED)]
        for one in found[camera]
        for ticks in durations(one, store.get(one.bucket, one.object))
    ]
    return len(shown), sum(abs(ticks - _TICKS / RATE) > _ROUNDING for ticks in shown)


def _figures(run: Run, whose: str, *, goal: bool) -> dict[str, Figure]:
    complete = {
        "seconds not recorded": (run.total.owed - run.total.recorded) / 1e6,
        "cameras without a recording": run.short,
        "packets lost": run.lost_packets,
        "pictures with another length than a frame": run.uneven,
    }
    return {
        f"{whose}cameras a core": Figure(
            value=1 / run.share, unit="cameras", goal=_GOAL_CAMERAS if goal else None, better="higher"
        ),
        f"{whose}processor a camera": Figure(value=100 * run.share, unit="% of a core"),
        f"{whose}memory": Figure(value=run.after.rss / 2**20, unit="MiB"),
        f"{whose}memory a camera": Figure(value=run.after.rss / 2**20 / run.cameras, unit="MiB"),
        **_calls(run, whose),
        f"{whose}recordings in the store": Figure(value=run.in_store, unit="recordings"),
        f"{whose}seconds recorded": Figure(value=run.total.recorded / 1e6, unit="s"),
        f"{whose}pictures counted": Figure(value=run.frames, unit="pictures"),
        **{f"{whose}{name}": Figure(value=value, unit="", goal=0) for name, value in complete.items()},
    }


def _calls(run: Run, whose: str) -> dict[str, Figure]:
    if run.calls_per_frame is None:
        return {}
    return {f"{whose}system calls a frame": Figure(value=run.calls_per_frame, unit="calls")}


def _peer(stack: Stack, ours: Run) -> dict[str, Figure]:
    cameras = min(CAMERAS, 100)
    name = "MediaMTX" if PEER else "ffmpeg -c copy"
    say(f"{name}: {cameras} cameras")
    seconds = SECONDS / 2
    before, after = (
        peers.mediamtx(stack, Path(PEER), cameras, seconds) if PEER else peers.ffmpeg(stack, cameras, seconds)
    )
    share = after.share_since(before) / cameras
    return {
        f"{name}: cameras a core, not hashed, not uploaded": Figure(value=1 / share, unit="cameras", better="higher"),
        f"{name}: processor a camera": Figure(value=100 * share, unit="% of a core"),
        f"times {name}": Figure(
            value=share / ours.share, unit="x", goal=_GOAL_TIMES_PEER if PEER else None, better="higher"
        ),
    }


if __name__ == "__main__":
    main()
