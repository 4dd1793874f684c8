"""What all connections of the default reader share."""

from dataclasses import dataclass, field

from vantage.clock import Clock
from vantage_ingest.adapters.epoll_tls import Trust
from vantage_ingest.adapters.loop import Loop

_MOST_A_TURN = 128 * 1024
"""Bytes that one camera may be read in a turn: 50 Mbit/s; what is more waits in the kernel, and then at the camera."""


@dataclass(frozen=True)
class Around:
    """`view` is where every camera is read into, one after the other: what it holds is copied before the next."""

    loop: Loop
    clock: Clock
    trust: Trust
    open_s: float
    read_s: float
    view: memoryview = field(default_factory=lambda: memoryview(bytearray(_MOST_A_TURN)))
