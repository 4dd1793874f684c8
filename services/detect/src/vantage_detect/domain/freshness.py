"""What is looked at when there is more than can be looked at: the newest of every camera, in turn.

Overload sheds looks and nothing else. Skipping costs next to nothing, so a replica that has too many cameras stays as
fresh as it can and its lag cannot grow.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vantage.contracts import Fragment

Skip = Literal["stale", "late"]


@dataclass(frozen=True)
class Freshness:
    """The limits, microseconds: the age that is stale, and how long a batch may take before stale ones are left."""

    stale_us: int
    batch_us: int

    def skip(self, age_us: int, newer: int, spent_us: int) -> Skip | None:
        """Whether to skip a fragment of that age, with so many newer ones of its camera waiting, now that the batch
        has taken `spent_us`. What is fresh is never skipped.
        """
        if age_us <= self.stale_us:
            return None
        if newer:
            return "stale"
        return "late" if spent_us > self.batch_us else None


def captured_until(fragment: Fragment, written_us: int) -> int:
    """When the fragment's capture ended, by our own clock: from the camera's clock where that is set by NTP, else
    when its message was written (UTC microseconds).
    """
    if fragment.clock.quality != "ntp":
        return written_us
    return fragment.start + fragment.duration - (fragment.clock.offset_us or 0)


def turns(cameras: Sequence[str], looked_at: Mapping[str, float]) -> list[tuple[int, int]]:
    """The order to take a batch in, as (index, newer ones of the same camera), given the camera of each fragment in
    the order of capture, and when each camera was last looked at.

    Those with most newer ones go first, so each camera's order is kept, a pack's neighbours are near each other, and
    the newest ones come last and in turn: when time runs out it is not always the same cameras that lose.
    """
    left = Counter(cameras)
    order = []
    for index, camera in enumerate(cameras):
        left[camera] -= 1
        order.append((index, left[camera]))
    return sorted(order, key=lambda turn: (-turn[1], looked_at.get(cameras[turn[0]], 0.0), turn[0]))
