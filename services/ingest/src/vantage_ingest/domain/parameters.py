"""The parameter sets of one connection: what is in force, what the stream brings, and whether a player can use them."""

from collections.abc import Iterable

from vantage_ingest.domain.init_segment import InitSegment, UnreadableParameters, init_segment
from vantage_ingest.domain.nal import updated
from vantage_ingest.domain.stream import ParameterSets


class Parameters:
    """`sets` is the latest word; `init` is made of them once they can be read, else None with `fault`."""

    def __init__(self, sets: ParameterSets) -> None:
        self.sets = sets
        self.init: InitSegment | None = None
        self.fault: UnreadableParameters | None = None
        self._tried: ParameterSets | None = None

    def learn(self, nals: Iterable[bytes]) -> None:
        """Take over what comes with a keyframe. A set that comes between two stays in its sample, for the decoder."""
        self.sets = updated(self.sets, nals)

    def in_force(self) -> InitSegment | None:
        """The initialisation segment from a keyframe on; None, and `fault`, where the sets cannot be read."""
        if self._tried is not self.sets:
            self._tried = self.sets
            try:
                self.init, self.fault = init_segment(self.sets), None
            except UnreadableParameters as error:
                self.init, self.fault = None, error
        return self.init
