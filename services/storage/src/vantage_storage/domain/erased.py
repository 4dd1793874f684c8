"""What was erased, and the receipt of it: enough to prove later that a recording went, and under which rule.

A receipt names no recording. Its digest covers the ids and the objects' SHA-256 in order, so whoever still holds a
recording's id, or an old list, can show that it was among them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vantage.ids import derive
from vantage_storage.domain.day import compact, day_of


@dataclass(frozen=True, order=True)
class Cause:
    """Why something went: `order` is the decision behind it, where it was not the policy alone."""

    action: str
    retention_class: str = ""
    policy_version: int = 0
    order: str = ""


@dataclass(frozen=True)
class Erased:
    """One thing that went: its id, what its bytes were (SHA-256, or empty), size in bytes and time of capture."""

    kind: str
    camera_id: str
    start_us: int
    end_us: int
    identity: str
    digest: str = ""
    size: int = 0


@dataclass(frozen=True)
class Account:
    """All that went of one kind on one day of capture for one cause: what one receipt is about."""

    kind: str
    day: int
    cause: Cause
    things: Sequence[Erased]

    @property
    def resource(self) -> str:
        """`<kind>/<yyyymmdd>`."""
        return f"{self.kind}/{compact(self.day)}"

    def record_id(self, at_us: int) -> str:
        """The id of its receipt: what goes a second time, later, is accounted for a second time."""
        return derive("rcp", self.cause.action, self.cause.order, self.resource, self.digest, at_us)

    @property
    def digest(self) -> str:
        """SHA-256 over a line `<id> <sha256>` for each thing, sorted."""
        lines = sorted(f"{one.identity} {one.digest}\n" for one in self.things)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def detail(self) -> dict[str, str]:
        """The figures of the receipt."""
        cause = self.cause
        named = {"class": cause.retention_class, "order": cause.order}
        return {
            "count": str(len(self.things)),
            "bytes": str(sum(one.size for one in self.things)),
            "cameras": str(len({one.camera_id for one in self.things})),
            "first_us": str(min(one.start_us for one in self.things)),
            "last_us": str(max(one.end_us for one in self.things)),
            "sha256": self.digest,
            **({"policy_version": str(cause.policy_version)} if cause.policy_version else {}),
            **{name: value for name, value in named.items() if value},
        }


def accounts(erased: Iterable[tuple[Cause, Erased]]) -> list[Account]:
    """What went, by kind, day and cause, in order."""
    groups: dict[tuple[str, int, Cause], list[Erased]] = defaultdict(list)
    for cause, one in erased:
        groups[one.kind, day_of(one.start_us), cause].append(one)
    return [Account(kind, day, cause, groups[kind, day, cause]) for kind, day, cause in sorted(groups)]
