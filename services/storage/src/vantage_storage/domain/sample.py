"""Which objects are read whole: drawn by a seed, so that the same draw can be repeated elsewhere or later."""

import hashlib
import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass

_ALL = 2**64
_MOST = 1_000_000  # so many are remembered
_SAMPLE = re.compile(r"\d+|\d+(\.\d+)?%")


@dataclass(frozen=True)
class Drawn:
    """An object that is to be read, and what its bytes should be."""

    bucket: str
    key: str
    version: str
    sha256: str
    camera_id: str
    recording_id: str


class Sample:
    """Draws `most` of all that is offered, each as likely as another, or a `share` of it (0 to 1).

    What was drawn does not depend on the order in which it was offered. Not more than `most` are remembered.
    """

    def __init__(self, seed: str, *, most: int = 0, share: float = 0.0) -> None:
        self._seed = seed
        self._most = most
        self._share = share
        self._drawn: list[tuple[int, str, Drawn]] = []

    @classmethod
    def parse(cls, text: str, seed: str) -> "Sample":
        """`200` objects, or `1.5%` of them. Raises ValueError."""
        number = float(text.removesuffix("%")) if _SAMPLE.fullmatch(text) else -1
        if not 0 <= number <= (100 if text.endswith("%") else _MOST):
            msg = f"{text!r} is no sample: say how many objects (200) or which part of them (1%)"
            raise ValueError(msg)
        return cls(seed, share=number / 100) if text.endswith("%") else cls(seed, most=int(number))

    def offer(self, one: Drawn) -> bool:
        """Whether it is to be read now. With `most` that is known in the end only: `rest` gives them."""
        ticket = self._ticket(one)
        if self._most:
            # the highest ticket lies on top, and goes first
            heapq.heappush(self._drawn, (-ticket, one.key, one))
            if len(self._drawn) > self._most:
                heapq.heappop(self._drawn)
        return ticket < self._share * _ALL

    def rest(self) -> Iterator[Drawn]:
        """Those of `most`, in the order of their keys."""
        yield from (one for _, _, one in sorted(self._drawn, key=lambda entry: entry[1]))

    def _ticket(self, one: Drawn) -> int:
        named = f"{self._seed}\n{one.bucket}\n{one.key}\n{one.version}".encode()
        return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest())
