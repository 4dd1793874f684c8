"""What a camera's status says of the time in which it is not recorded.

A camera that is away for days publishes no recording, so no gap is announced; yet it has a cause today, its status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vantage_storage.domain.ledger import UNEXPLAINED, Cause

SILENCE_US = 180_000_000
"""A status is repeated every minute: after three without one nobody vouches for the state any more."""

_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "stalled": "stream-stalled",
        "offline": "camera-unreachable",
        "refused": "camera-refused",
        "unsupported": "codec-unsupported",
        "paused": "maintenance",
        "quarantined": "camera-quarantined",
    }
)
"""By the state; in every other the camera is read, so that its silence is not explained."""


@dataclass(frozen=True)
class Told:
    """A state that was told from `since_us` on, last at `heard_us`, with its cause in words."""

    since_us: int
    heard_us: int
    state: str
    cause: str


def as_causes(told: Iterable[Told]) -> list[Cause]:
    """The statuses as causes. One holds until the next began, unless nobody was heard of in between."""
    ordered = sorted(told, key=lambda one: (one.since_us, one.heard_us))
    found = []
    for number, one in enumerate(ordered):
        end = one.heard_us
        if number + 1 < len(ordered):
            after = ordered[number + 1].since_us
            end = after if end < after <= end + SILENCE_US else end
        cause = _CAUSES.get(one.state, UNEXPLAINED)
        if one.since_us < end and (cause != UNEXPLAINED or one.cause):
            found.append(Cause(one.since_us, end, cause, one.cause))
    return found
