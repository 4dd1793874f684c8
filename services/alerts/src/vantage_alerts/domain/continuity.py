"""Whether a partition's records come without a gap, because a record that never comes is a finding never made."""

from collections.abc import Mapping

Partition = tuple[str, int]


class Continuity:
    """Knows the next offset of each partition.

    A client that has begun anew and meets the same gap again is right: there is nothing in it (what transactions and
    expiry leave). So a gap is a fault the first time, and the log's own the second.
    """

    def __init__(self) -> None:
        self._next: dict[Partition, int] = {}
        self._met: set[tuple[Partition, int, int]] = set()

    def begin(self, positions: Mapping[Partition, int]) -> None:
        """From where the partitions in hand are read on; of others nothing is known."""
        self._next = dict(positions)

    def follows(self, partition: Partition, offset: int) -> bool:
        """Whether nothing was left out before this record. One that comes again does follow."""
        wanted = self._next.get(partition, offset)
        gap = (partition, wanted, offset)
        if offset > wanted and gap not in self._met:
            self._met.add(gap)
            return False
        self._next[partition] = offset + 1
        return True
