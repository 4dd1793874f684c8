"""A process that records until it is killed, and says each fragment that it believes to be recorded."""

import hashlib
import random
import sys
from functools import cache
from pathlib import Path

from vantage.contracts.base import Clock, Picture
from vantage.contracts.fragment import Frame
from vantage_ingest.adapters.memory import Ends
from vantage_ingest.adapters.spool import Spool
from vantage_ingest.domain.assembler import Cut
from vantage_ingest.recorder import Recorder

SECOND = 1_000_000
BEGIN = 1_790_000_000_000_000
CAMERAS = 3
SIZE = 64 << 10


@cache
def _content(number: int, size: int) -> tuple[bytes, str]:
    data = random.Random(number).randbytes(size)  # noqa: S311
    return data, hashlib.sha256(data).hexdigest()


def cut(number: int, size: int = SIZE) -> Cut:
    """A fragment of one second that is the same each time; each follows the one before it."""
    data, sha256 = _content(number, size)
    return Cut(
        epoch=7,
        sequence=number,
        start=BEGIN + number * SECOND,
        duration=SECOND,
        clock=Clock(quality="ntp"),
        picture=Picture(codec="avc1.640015", width=640, height=272),
        init=b"init",
        data=data,
        sha256=sha256,
        frames=(Frame(0, size, True),),
        discontinuity=False,
        missing=None,
    )


def record_for_ever(folder: Path) -> None:
    """Record some cameras, a recording each few fragments."""
    spool, ends = Spool(folder / "spool", 1 << 30), Ends(folder / "ends")
    recorders = [Recorder(f"hk1.c{name}", spool, ends, lambda _: None, seconds=5) for name in range(CAMERAS)]
    number = 0
    while True:
        for recorder in recorders:
            fragment = cut(number, random.Random(number).randrange(1, SIZE))  # noqa: S311
            recorder.add(fragment)
            sys.stdout.write(f"{fragment.sha256}\n")
            sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    record_for_ever(Path(sys.argv[1]))
