"""Which gaps without a cause are to be told, and which told ones are over: one alert a hole, for as long as any of it
is unexplained.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vantage.ids import alert_id
from vantage_storage.domain.spans import Span, Spans, length

RULE_ID = "ledger-unexplained"
RULE_VERSION = 1
LEAST_US = 1_000_000
"""A hole is told from a second on: less is not a fragment, and the account has it all the same."""


@dataclass(frozen=True)
class Alarm:
    """One hole that was told: where it began and ended when it was largest, and whether it is over."""

    alert_id: str
    camera_id: str
    start: int
    end: int
    peak_us: int
    closed: bool = False


def reconcile(standing: Iterable[Alarm], holes: Mapping[str, Spans]) -> list[Alarm]:
    """The alarms that are new, longer than before or over; `standing` are those that are not over, `holes` all time
    without a cause, by camera.
    """
    changed: list[Alarm] = []
    taken: dict[str, list[Span]] = {}
    for one in standing:
        here = [hole for hole in holes.get(one.camera_id, ()) if hole[0] <= one.end and one.start <= hole[1]]
        taken.setdefault(one.camera_id, []).extend(here)
        after = _after(one, here)
        if after != one:
            changed.append(after)
    for camera_id, spans in holes.items():
        new = [hole for hole in spans if hole not in taken.get(camera_id, ()) and length([hole]) >= LEAST_US]
        changed += [_opened(camera_id, hole) for hole in new]
    return changed


def _after(one: Alarm, holes: Sequence[Span]) -> Alarm:
    if not holes:
        return replace(one, closed=True)
    end = max(one.end, *(hole[1] for hole in holes))
    return replace(one, end=end, peak_us=max(one.peak_us, length(holes)))


def _opened(camera_id: str, hole: Span) -> Alarm:
    return Alarm(alert_id(RULE_ID, RULE_VERSION, camera_id, hole[0]), camera_id, *hole, length([hole]))
