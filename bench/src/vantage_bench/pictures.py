"""What the path from a picture to a finished fragment costs: cutting, timing, writing, beside the copy and the hash.

`python -m vantage_bench.pictures`. The least of many rounds is told, in time of the processor, so that a busy machine
changes it little.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator

from vantage_bench.report import Figure, report
from vantage_ingest.domain.assembler import Assembler
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.stream import TICKS, AccessUnit, ParameterSets

RATE, SECONDS, ROUNDS = 15, 20, 40
KEYFRAME, OTHER = 30_000, 6_786
"""Bytes of a picture: 15 a second come to a megabit."""
_SETS = ParameterSets("h264", (bytes.fromhex("67640015acb405011d080000030008000003019078b175"),), (b"\x68\x01",))
_BEGIN_US = 1_790_000_000_000_000


def pictures() -> list[AccessUnit]:
    """Some seconds of a camera of 1 Mbit/s, a keyframe a second, its parameter sets before each."""
    made = []
    for number in range(RATE * SECONDS):
        key = number % RATE == 0
        coded = (b"\x65" if key else b"\x41") + os.urandom(KEYFRAME if key else OTHER)
        pts = number * TICKS // RATE
        taken = _BEGIN_US + pts * 100 // 9
        nals = (*_SETS.sps, *_SETS.pps, coded) if key else (coded,)
        made.append(AccessUnit(pts, key, nals, taken + 20_000, taken))
    return made


def least(work: Callable[[], object]) -> float:
    """Microseconds of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times) * 1e6


def fed(units: list[AccessUnit]) -> Iterator[bytes]:
    """The fragments of these pictures."""
    made = Assembler(1, CaptureClock(60_000_000), 1, lambda: 2)
    made.connect(_SETS)
    return (cut.data for unit in units if (cut := made.feed(unit)) is not None)


def main() -> None:
    """Run it and print the figures; the reference is the SHA-256 of the same bytes."""
    units = pictures()
    fragments = list(fed(units))
    endless = [units[0], *(unit for unit in units if not unit.keyframe)]
    inner = least(lambda: sum(map(len, fed(endless)))) / len(endless)
    hashed = least(lambda: sum(len(hashlib.sha256(data).hexdigest()) for data in fragments)) / len(fragments)
    joined = least(lambda: sum(len(b"".join([data, b"."])) for data in fragments)) / len(fragments)
    whole = least(lambda: sum(map(len, fed(units)))) / SECONDS
    rest = whole - hashed - joined - (RATE - 1) * inner
    figures = {
        "a picture that ends nothing": Figure(value=inner, unit="us"),
        f"a fragment of {RATE} pictures, SHA-256": Figure(value=hashed, unit="us"),
        f"a fragment of {RATE} pictures, copy": Figure(value=joined, unit="us"),
        f"a fragment of {RATE} pictures, all else": Figure(value=rest, unit="us"),
        "a second of a camera": Figure(value=whole, unit="us"),
        "a second of a camera, times its SHA-256": Figure(value=whole / hashed, unit="x"),
    }
    report("pictures", figures)


if __name__ == "__main__":
    main()
