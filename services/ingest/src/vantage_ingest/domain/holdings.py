"""Which cameras this replica is to read: its partitions, what stands in them, and what it goes on with when the event
log is away.

Partitions that were lost, or are known from the disk only, are *held*: their cameras go on recording until a new
assignment says otherwise. Those that the group gave to another replica are *leaving*: their cameras record on for a
while, unseen, so that nothing is lost while the other begins. Nothing here asks the event log: the adapter tells what
happened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vantage.contracts import Camera


@dataclass(frozen=True)
class Wanted:
    """A camera's desired state, the partition it stands in, and the ownership's epoch.

    `live` is false where another replica speaks for the camera already.
    """

    camera: Camera
    partition: int
    epoch: int
    live: bool = True


class Holdings:
    """The state of ownership. `wanted` is what follows from it."""

    def __init__(self) -> None:
        self._epochs: dict[int, int] = {}
        self._held: set[int] = set()
        self._leaving: dict[int, float] = {}
        self._cameras: dict[int, dict[str, Camera]] = {}
        self._reading: dict[int, dict[str, Camera]] = {}

    def remember(self, known: Mapping[int, Iterable[Camera]], epoch: int) -> None:
        """Hold what was known when the service last ran, if nothing was assigned meanwhile."""
        for partition, cameras in known.items():
            if partition not in self._epochs:
                self._held.add(partition)
                self._epochs[partition] = epoch
                self._cameras[partition] = {camera.camera_id: camera for camera in cameras}

    def assigned(self, partitions: Iterable[int], epoch: int) -> None:
        """Partitions are ours, and will be read from their beginning; what was held and is not among them goes."""
        given = set(partitions)
        self._drop(self._held - given)
        self._held.clear()
        for partition in given:
            self._leaving.pop(partition, None)
            self._epochs[partition] = epoch
            self._reading[partition] = {}

    def revoked(self, partitions: Iterable[int], until: float) -> None:
        """The group gave them to another replica: they are recorded until then, and are not ours any more."""
        for partition in set(partitions) & self._epochs.keys():
            self._held.discard(partition)
            self._reading.pop(partition, None)
            self._leaving[partition] = until

    def expire(self, now: float) -> None:
        """Let go of what was given away and whose time is over."""
        self._drop([partition for partition, until in self._leaving.items() if until <= now])

    def lost(self, partitions: Iterable[int]) -> None:
        """The membership ended without a word from the group: go on until a new assignment says otherwise."""
        self._held.update(set(partitions) & self._epochs.keys() - self._leaving.keys())
        for partition in partitions:
            self._reading.pop(partition, None)

    def record(self, partition: int, key: str, camera: Camera | None) -> None:
        """A camera's state in a partition; None where it was removed."""
        for table in (self._cameras.setdefault(partition, {}), self._reading.get(partition)):
            if table is None:
                continue
            if camera is None:
                table.pop(key, None)
            else:
                table[key] = camera

    def caught_up(self, partition: int) -> None:
        """A partition was read to its end: what it does not hold is gone."""
        read = self._reading.pop(partition, None)
        if read is not None:
            self._cameras[partition] = read

    def wanted(self) -> dict[str, Wanted]:
        """Every camera of the partitions, by its id, whatever its state; a camera in two partitions counts in the one
        that was assigned last.
        """
        found: dict[str, Wanted] = {}
        for partition, epoch in sorted(self._epochs.items(), key=lambda item: (item[1], item[0])):
            for camera_id, camera in self._cameras.get(partition, {}).items():
                found[camera_id] = Wanted(camera, partition, epoch, partition not in self._leaving)
        return found

    def partitions(self) -> dict[int, int]:
        """The partitions, owned or held, with their epochs."""
        return {number: epoch for number, epoch in self._epochs.items() if number not in self._leaving}

    @property
    def settled(self) -> bool:
        """Whether every assigned partition was read to its end, so that what is known is worth remembering."""
        return bool(self.partitions()) and not self._reading

    @property
    def held(self) -> frozenset[int]:
        """The partitions that go on without the group."""
        return frozenset(self._held)

    def snapshot(self) -> dict[int, list[Camera]]:
        """What is to be remembered on disk."""
        return {partition: list(self._cameras.get(partition, {}).values()) for partition in self.partitions()}

    def _drop(self, partitions: Iterable[int]) -> None:
        for partition in list(partitions):
            self._held.discard(partition)
            self._leaving.pop(partition, None)
            self._epochs.pop(partition, None)
            self._cameras.pop(partition, None)
            self._reading.pop(partition, None)
