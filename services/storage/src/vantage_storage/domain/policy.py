"""How long a recording may be kept: the policy's versions, and what their history comes to for each recording.

A version says the days of each class from the end of capture. A shorter one applies to what is there already, a longer
one only to what is captured while it is in force. So what applies to a recording is the fewest days of the version that
was in force at the end of its capture and of every later one. It follows that nobody has to write a date on a
recording, and that of one class what was captured earlier never falls due later.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vantage_storage.domain.day import DAY_US

STANDARD = "standard"
"""The class of everything whose own class the policy does not name."""


@dataclass(frozen=True)
class Policy:
    """One version: the days of each class, `standard` among them, from `in_force_us` on (UTC microseconds)."""

    version: int
    in_force_us: int
    days: Mapping[str, int]

    def days_of(self, retention_class: str) -> int:
        """How many days it keeps a class."""
        return self.days.get(retention_class, self.days[STANDARD])


class PolicyHistory:
    """All versions, at least one. Each came into force after the one before it."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = sorted(policies, key=lambda one: one.version)
        self._starts = [one.in_force_us for one in self._policies]

    @property
    def newest(self) -> Policy:
        """The version that applies to what is captured from now on."""
        return self._policies[-1]

    def governing(self, retention_class: str, end_us: int) -> Policy:
        """The version under which a recording whose capture ended then falls due; of equals the first."""
        applies = self._policies[max(bisect_right(self._starts, end_us) - 1, 0) :]
        return min(applies, key=lambda one: (one.days_of(retention_class), one.version))

    def due_us(self, retention_class: str, end_us: int) -> int:
        """When a recording whose capture ended then must go (UTC microseconds)."""
        return end_us + self.governing(retention_class, end_us).days_of(retention_class) * DAY_US

    def cutoff_us(self, retention_class: str, now_us: int) -> int:
        """The last end of capture that is due now: exactly what ended then or earlier is."""
        after = now_us + 1
        for policy in reversed(self._policies):
            days = self.governing(retention_class, policy.in_force_us).days_of(retention_class)
            found = min(now_us - days * DAY_US, after - 1)
            if found >= policy.in_force_us:
                return found
            after = policy.in_force_us
        return found

    def cutoffs(self, now_us: int) -> dict[str, int]:
        """The cutoff of each class that any version names; every other class has that of `standard`."""
        classes = {name for one in self._policies for name in one.days}
        return {name: self.cutoff_us(name, now_us) for name in sorted(classes)}
