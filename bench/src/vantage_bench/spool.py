"""What a fragment costs on its way through spool, store and live video, without the reading: one process on one core.

The store is real and its own cost is not counted; announcements are counted and not sent. Run it as
`python -m vantage_bench.spool`.
"""

import hashlib
import os
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vantage.clock import SystemClock
from vantage.contracts import Message
from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage.health import Readiness
from vantage.objects import ObjectStore
from vantage_bench.cost import on_core
from vantage_bench.report import Figure, percentile, report
from vantage_ingest.adapters.memory import Ends, LastEnd
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.adapters.spool_files import Finished
from vantage_ingest.buckets import Buckets
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.domain.pack import LiveFragment
from vantage_ingest.live import LiveSender
from vantage_ingest.live_queue import LiveQueue
from vantage_ingest.recorder import Recorder
from vantage_ingest.uploads import Uploads
from vantage_stack.stack import Stack

CAMERAS = int(os.environ.get("VANTAGE_BENCH_CAMERAS") or 600)
SECONDS = int(os.environ.get("VANTAGE_BENCH_SECONDS") or 20)
SIZE = 125_000
"""A second of 1 Mbit/s."""
_SYNC_S = 5.0
_LOOK_S = 0.02
_BEGIN_US = 1_790_000_000_000_000
_LIVE_S = 4
_A_TICK = CAMERAS // 4
_PARTITIONS = 4
_LEFTOVERS = 1000


class Counter:
    """Announcements, counted."""

    def __init__(self) -> None:
        self.count = 0

    def publish(self, topic: str, message: Message) -> None:  # noqa: ARG002
        """One more."""
        self.count += 1

    def flush(self) -> None:
        """Nothing waits."""


class Fragments:
    """A second of a camera, of which the bytes differ."""

    def __init__(self) -> None:
        noise = os.urandom(SIZE + 64_000)
        self._contents = [noise[at * 1000 : at * 1000 + SIZE] for at in range(64)]
        self._digests = [hashlib.sha256(content).hexdigest() for content in self._contents]
        self._frames = tuple(Frame(number * 66_666, SIZE // 15, number == 0) for number in range(15))

    def cut(self, camera: int, second: int) -> Cut:
        """The fragment of a camera and second."""
        which = (camera + second) % len(self._contents)
        return Cut(
            epoch=1,
            sequence=second,
            start=_BEGIN_US + second * 1_000_000,
            duration=1_000_000,
            clock=Clock(quality="ntp"),
            picture=Picture(codec="avc1.640028", width=1920, height=1080),
            init=b"i" * 700,
            data=self._contents[which],
            sha256=self._digests[which],
            frames=self._frames,
            discontinuity=False,
            missing=None,
        )


@contextmanager
def cost(figures: dict[str, Figure], name: str, fragments: int) -> Iterator[None]:
    """Processor time of this process within, the kernel's included, for a fragment and for a byte."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    yield
    after = resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    figures[f"{name}, a fragment"] = Figure(value=(user + system) / fragments * 1e6, unit="us")
    figures[f"{name}, a fragment, kernel"] = Figure(value=system / fragments * 1e6, unit="us")
    figures[f"{name}, a byte"] = Figure(value=(user + system) / fragments / SIZE * 1e9, unit="ns")


def main() -> None:
    """Run it and print the figures."""
    figures: dict[str, Figure] = {}
    with Stack("bench-spool") as stack, tempfile.TemporaryDirectory(dir=stack.home.part("bench-spool")) as folder:
        stack.require("store")
        with on_core(0):
            _measure(figures, stack.store.access.open(), Path(folder))
    report("spool", figures)


def _measure(figures: dict[str, Figure], store: ObjectStore, folder: Path) -> None:
    clock, log, fragments = SystemClock(), Counter(), Fragments()
    spool, ends, done = Spool(folder / "spool", 1 << 40), Ends(folder / "ends"), list[Finished]()
    queue, buckets = LiveQueue(1 << 40, 10**15), Buckets(store, Readiness())
    for camera in range(CAMERAS):  # as if each had been recorded before: a first recording asks the store
        ends.put(f"bench.c{camera}", LastEnd(end=_BEGIN_US, cause="ingest-restarted"))
    recorders = [Recorder(f"bench.c{camera}", spool, ends, done.append, seconds=60) for camera in range(CAMERAS)]
    with cost(figures, "recorded", CAMERAS * SECONDS), _synced(spool):
        waits = _record(recorders, fragments)
    figures["recorded, the call's p99"] = Figure(value=percentile(waits, 0.99) * 1e3, unit="ms")
    uploads = Uploads(store, buckets, log, spool, clock, threads=2)
    with cost(figures, "uploaded", CAMERAS * SECONDS):
        uploads.start()
        for finished in done:
            uploads.add(finished)
        while spool.size:
            time.sleep(_LOOK_S)
    uploads.stop(1)
    sender = LiveSender(queue, store, buckets, log, clock, cell_id="bench", threads=4)
    with cost(figures, "live", CAMERAS * _LIVE_S):
        for tick in range(CAMERAS * _LIVE_S // _A_TICK):
            for camera in range(_A_TICK):
                cut = fragments.cut(camera, tick)
                queue.offer(LiveFragment(f"bench.c{camera}", camera % _PARTITIONS, cut, clock.now_us()))
            sent = log.count + _A_TICK
            sender.tick()
            while log.count < sent:
                time.sleep(_LOOK_S)
    sender.stop()
    figures[f"a start with {_LEFTOVERS} cameras' recordings left"] = Figure(
        value=_start(folder / "left", fragments), unit="s"
    )


def _record(recorders: list[Recorder], fragments: Fragments) -> list[float]:
    """Each camera a fragment a second, as it comes; how long each call took."""
    waits: list[float] = []
    for second in range(SECONDS):
        began = time.monotonic()
        for camera, recorder in enumerate(recorders):
            cut = fragments.cut(camera, second)
            before = time.perf_counter()
            recorder.add(cut)
            waits.append(time.perf_counter() - before)
        time.sleep(max(0.0, began + 1 - time.monotonic()))
    for recorder in recorders:
        recorder.ended(None)
    return waits


@contextmanager
def _synced(spool: Spool) -> Iterator[None]:
    """The spool is forced to the disk now and then, as the service does."""
    stop = threading.Event()

    def sync() -> None:
        while not stop.wait(_SYNC_S):
            spool.sync()

    thread = threading.Thread(target=sync)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _start(folder: Path, fragments: Fragments) -> float:
    """How long a start takes to know what an earlier process left."""
    spool = Spool(folder / "spool", 1 << 40)
    for number in range(_LEFTOVERS):
        recorder = Recorder(f"bench.left{number}", spool, Ends(folder / "ends"), lambda _: None, seconds=60)
        for second in range(4):
            recorder.add(fragments.cut(number, second))
        recorder.ended(None)
    before = time.perf_counter()
    Spool(folder / "spool", 1 << 40).recover()
    return time.perf_counter() - before


if __name__ == "__main__":
    main()
