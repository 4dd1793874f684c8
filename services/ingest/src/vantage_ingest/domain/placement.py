"""Which worker reads which camera.

Sticky: a camera that moves loses a fragment, so it moves only when its slot is gone or it needs another kind. Cameras
of one partition are kept together where load allows, because a pack is made for each partition and worker. Slots of one
kind stay within a bound of each other, as far as what is placed already lets them.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["reader", "ffmpeg", "mask", "alone"]
"""What a slot is for: the default reader, PyAV's, one that blackens masks, and a camera on trial."""

_TOGETHER = 0.25
_TOGETHER_LEAST = 8


@dataclass(frozen=True)
class Slot:
    """A place for one worker process."""

    name: str
    kind: Kind
    capacity: int


@dataclass(frozen=True)
class Demand:
    """What a camera needs of its slot."""

    partition: int
    kind: Kind


@dataclass(frozen=True)
class Plan:
    """Each camera's slot, and the cameras that no slot has room for."""

    placed: Mapping[str, str]
    refused: Collection[str]


def place(demands: Mapping[str, Demand], before: Mapping[str, str], slots: Collection[Slot]) -> Plan:
    """Give each camera a slot of its kind; those that have one keep it."""
    desk = _Desk({slot.name: slot for slot in slots})
    for camera_id, name in sorted(before.items()):
        if camera_id in demands:
            desk.keep(camera_id, demands[camera_id], name)
    refused = [
        camera_id
        for camera_id, demand in sorted(demands.items(), key=lambda item: (item[1].partition, item[0]))
        if camera_id not in desk.placed and not desk.put(camera_id, demand)
    ]
    return Plan(desk.placed, refused)


def slack(count: int, slots: int) -> int:
    """By how many cameras a slot may be fuller than the emptiest of its kind for the sake of keeping a partition."""
    return max(_TOGETHER_LEAST, round(_TOGETHER * count / max(1, slots)))


def shares(total: int, cameras: Mapping[str, int]) -> dict[str, int]:
    """A total shared out by cameras; a slot that has none gets a share as well, for what it still holds."""
    parts = sum(cameras.values()) + len(cameras)
    return {name: total * (count + 1) // parts for name, count in cameras.items()}


class _Desk:
    """The placing of one plan."""

    def __init__(self, slots: Mapping[str, Slot]) -> None:
        self._slots = slots
        self._load = Counter[str]()
        self._partition = Counter[tuple[str, int]]()
        self.placed: dict[str, str] = {}

    def keep(self, camera_id: str, demand: Demand, name: str) -> None:
        slot = self._slots.get(name)
        if slot is not None and slot.kind == demand.kind and self._load[name] < slot.capacity:
            self._take(camera_id, demand, name)

    def put(self, camera_id: str, demand: Demand) -> bool:
        of_kind = [slot for slot in self._slots.values() if slot.kind == demand.kind]
        free = [slot.name for slot in of_kind if self._load[slot.name] < slot.capacity]
        if not free:
            return False
        emptiest = min(free, key=lambda name: (self._load[name], name))
        bound = self._load[emptiest] + slack(sum(self._load[slot.name] for slot in of_kind), len(of_kind))
        near = max(free, key=lambda name: (self._partition[name, demand.partition], -self._load[name]))
        together = self._partition[near, demand.partition] > 0 and self._load[near] < bound
        self._take(camera_id, demand, near if together else emptiest)
        return True

    def _take(self, camera_id: str, demand: Demand, name: str) -> None:
        self.placed[camera_id] = name
        self._load[name] += 1
        self._partition[name, demand.partition] += 1
