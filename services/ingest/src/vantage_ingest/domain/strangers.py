"""Units without anything of a picture: parameter sets or an SEI by themselves, and units that their sender broke."""

from vantage_ingest.domain.stream import AccessUnit, Codec
from vantage_ingest.domain.units import has_slice

MOST = 1024 * 1024
"""Bytes that are held for the next picture. More is no camera's way to sign or to announce, and is dropped."""


class Strangers:
    """Holds them until the next picture, at whose head they are stored. `count` is how many came since the last one,
    `held` what is kept of them.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._size = 0
        self.held: list[bytes] = []
        self.count = 0
        self._before = 0

    def joined(self, unit: AccessUnit) -> AccessUnit | None:
        """The picture with what came before it; None where this is none. Units without a byte cannot be stored."""
        nals = unit.nals if all(unit.nals) else tuple([nal for nal in unit.nals if nal])
        if not has_slice(self._codec, nals):
            self._hold(nals)
            return None
        self.count, self._before = self._before, 0
        if not self.held and nals is unit.nals:
            return unit
        return AccessUnit(unit.pts, unit.keyframe, (*self.take(), *nals), unit.arrived_us, unit.captured_us, unit.timed)

    def take(self) -> list[bytes]:
        """What is held, which is then held no more."""
        held, self.held, self._size = self.held, [], 0
        return held

    def _hold(self, nals: tuple[bytes, ...]) -> None:
        self._before += 1
        size = self._size + sum(map(len, nals))
        if size <= MOST:
            self.held.extend(nals)
            self._size = size
