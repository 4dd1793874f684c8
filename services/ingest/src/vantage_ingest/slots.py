"""The slots that there are to be: those of the default reader always, the others on demand, and what an earlier run
left on the disk until its recordings are away.
"""

from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

from vantage_ingest.adapters.machine import cores
from vantage_ingest.adapters.slot_folder import slots_on_disk
from vantage_ingest.domain.placement import Demand, Kind, Slot
from vantage_ingest.settings import IngestSettings

_TRIALS = 4


class Slots:
    """Which slots are wanted now."""

    def __init__(self, settings: IngestSettings, state: Path) -> None:
        usable = cores()
        number = settings.ingest_workers or len(usable)
        self._readers = [Slot(f"reader-{n}", "reader", settings.ingest_cameras_per_worker) for n in range(number)]
        pinned = {slot.name: usable[n % len(usable)] for n, slot in enumerate(self._readers)}
        self.cores: Mapping[str, int] = pinned if settings.ingest_pin else {}
        self._on_demand: Mapping[Kind, tuple[int, int]] = {
            "ffmpeg": (settings.ingest_ffmpeg_cameras, settings.ingest_ffmpeg_workers),
            "mask": (settings.ingest_masked_cameras, settings.ingest_masking_workers),
            "alone": (1, _TRIALS),
        }
        names = {slot.name for slot in self._readers}
        self.left = [Slot(name, _kind(name), 0) for name in slots_on_disk(state) if name not in names]
        """Slots of an earlier run: they are worked off before anything else, and cameras wait for that."""

    def wanted(self, demands: Iterable[Demand], in_use: Iterable[str]) -> list[Slot]:
        """The slots for these cameras; those in use stay."""
        kinds = [demand.kind for demand in demands]
        used = set(in_use)
        found = list(self._readers)
        for kind, (capacity, most) in self._on_demand.items():
            of_kind = [name for name in used if _kind(name) == kind]
            found += needed(kind, kinds.count(kind), of_kind, capacity=capacity, most=most)
        return found


def _kind(name: str) -> Kind:
    kind = name.partition("-")[0]
    return kind if kind in ("ffmpeg", "mask", "alone") else "reader"  # type: ignore[return-value]


def needed(kind: Kind, demand: int, in_use: Iterable[str], *, capacity: int, most: int) -> list[Slot]:
    """The slots of a kind that is made on demand: those in use, and as many more as its cameras need."""
    names = set(in_use)
    wanted = min(most, -(-demand // capacity))
    numbers = (f"{kind}-{number}" for number in count())
    while len(names) < wanted:
        names.add(next(name for name in numbers if name not in names))
    return [Slot(name, kind, capacity) for name in sorted(names)]
