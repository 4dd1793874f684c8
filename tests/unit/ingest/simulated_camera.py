"""A camera, a network and our own clock, of which the truth is known: what capture times are held against."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vantage_ingest.domain.assembler import Assembler, Cut
from vantage_ingest.domain.capture import CaptureClock
from vantage_ingest.domain.stream import AccessUnit, ParameterSets

from .conftest import NOW_US

SECOND = 1_000_000
RATE = 5
SETS = ParameterSets("h264", (bytes.fromhex("67640015acb405011d080000030008000003019078b175"),), (b"\x68\x01",))
Error = Callable[[float], int]
"""By how many microseconds a clock is ahead of the truth, so many seconds after the begin."""


def right(_: float) -> int:
    """A clock that is right."""
    return 0


def step(at_s: float, by_us: int) -> Error:
    """A clock that is set once."""
    return lambda second: by_us if second >= at_s else 0


def drift(ppm: float) -> Error:
    """A clock that runs away."""
    return lambda second: round(second * ppm)


@dataclass
class Simulated:
    """A camera that is read: a keyframe each second, a sender report each five where it has a clock.

    `latency_us` is the least delay, to which up to `jitter_us` come; `delayed` are seconds in which pictures wait.
    """

    camera: Error | None = right
    ours: Error = right
    latency_us: int = 30_000
    jitter_us: int = 40_000
    first_report_s: float = 0.0
    delayed: range = range(0)
    seed: int = 1
    clock: CaptureClock = field(default_factory=lambda: CaptureClock(60 * SECOND))

    def __post_init__(self) -> None:
        self.epoch = 1
        self._made = Assembler(1, self.clock, self.epoch, self._new_epoch)

    def units(self, seconds: range) -> Iterator[AccessUnit]:
        """The pictures of these seconds after the begin, in one connection."""
        chance = random.Random(self.seed)  # noqa: S311  # a simulation that repeats
        for number in range(seconds.start * RATE, seconds.stop * RATE):
            at = number / RATE
            late = self.latency_us + chance.randrange(self.jitter_us + 1)
            if int(at) in self.delayed:
                late += round((self.delayed.stop - at) * SECOND)
            key = number % RATE == 0
            yield AccessUnit(
                (1 << 32) + number * 90_000 // RATE,
                key,
                (b"\x65\x80" if key else b"\x41\x80",),
                NOW_US + round(at * SECOND) + late + self.ours(at + late / SECOND),
                self._captured(at),
            )

    def run(self, seconds: range) -> list[tuple[int, Cut]]:
        """The fragments of a connection, each with the true time of its first picture."""
        self._made.connect(SETS)
        cuts = [cut for unit in self.units(seconds) if (cut := self._made.feed(unit)) is not None]
        if (last := self._made.disconnect()) is not None:
            cuts.append(last)
        return [(NOW_US + second * SECOND, cut) for second, cut in zip(seconds, cuts, strict=True)]

    def _captured(self, at: float) -> int | None:
        """By the last sender report, which the camera sends each five seconds."""
        if self.camera is None or at < self.first_report_s:
            return None
        reported = self.first_report_s + (at - self.first_report_s) // 5 * 5
        return NOW_US + round(at * SECOND) + self.camera(reported)

    def _new_epoch(self) -> int:
        self.epoch += 1
        return self.epoch
