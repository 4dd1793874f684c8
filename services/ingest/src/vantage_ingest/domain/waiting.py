"""How long a stream may go on without a picture that can be shown, before its connection is worth nothing."""

from vantage_ingest.domain.init_segment import UnreadableParameters

UNREADABLE_US = 8_000_000
"""Parameter sets that cannot be read, or units without any picture: good ones may follow within this."""
NO_KEYFRAME_US = 30_000_000
"""Cameras send a keyframe at the latest after so long; a new connection makes nearly every one send it at once."""


class NothingToShow(UnreadableParameters):
    """Pictures come, or something like it, but none that a player could begin with."""


class Waiting:
    """Counts from the arrival of the first unit that cannot be shown. Its verbs raise UnreadableParameters."""

    def __init__(self) -> None:
        self._unshown: int | None = None
        self._barren: int | None = None
        self._faulty: int | None = None

    def shown(self) -> None:
        """A picture was taken."""
        self._unshown = self._barren = self._faulty = None

    def unshown(self, arrived_us: int, fault: UnreadableParameters | None) -> None:
        """A picture came that is not shown, by the fault of its parameter sets or for want of a keyframe."""
        self._barren = None
        self._faulty = None if fault is None else _first(self._faulty, arrived_us)
        if fault is not None and arrived_us - (self._faulty or 0) > UNREADABLE_US:
            raise fault
        self._unshown = _first(self._unshown, arrived_us)
        self._check(arrived_us, self._unshown, NO_KEYFRAME_US, "keyframe")

    def stranger(self, arrived_us: int) -> None:
        """A unit came that is no picture."""
        self._barren = _first(self._barren, arrived_us)
        self._check(arrived_us, self._barren, UNREADABLE_US, "picture")

    def _check(self, arrived_us: int, since: int, most: int, lacking: str) -> None:
        if arrived_us - since > most:
            msg = f"for {(arrived_us - since) / 1e6:.0f} s the stream holds no {lacking}"
            raise NothingToShow(msg)


def _first(since: int | None, now: int) -> int:
    return now if since is None else min(since, now)
