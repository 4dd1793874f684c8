"""By what a round of erasing decides: read once, at its start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vantage_storage.adapters import orders, policies
from vantage_storage.adapters.garbage import Doomed
from vantage_storage.domain.erased import Cause
from vantage_storage.domain.order import Order
from vantage_storage.domain.policy import PolicyHistory
from vantage_storage.parts import Parts


@dataclass(frozen=True)
class Rules:
    """The policy, the orders to destroy that stand, and the time at which the round began (UTC microseconds)."""

    history: PolicyHistory
    orders: Sequence[Order]
    now_us: int

    @classmethod
    def read(cls, parts: Parts) -> "Rules":
        """The rules of now. Raises what psycopg raises."""
        with parts.pool.connection() as connection:
            history, standing = policies.read_history(connection), orders.read_standing(connection)
        return cls(history, standing, parts.clock.now_us())

    @cached_property
    def cutoffs(self) -> Mapping[str, int]:
        """The last end of capture that is due now, by class; every other class has that of `standard`."""
        return self.history.cutoffs(self.now_us)

    @property
    def any_due_us(self) -> int:
        """Nothing that was captured later is due."""
        return max(self.cutoffs.values())

    @property
    def all_due_us(self) -> int:
        """Everything that was captured until then is due."""
        return min(self.cutoffs.values())

    def cause_of(self, row: Doomed) -> Cause:
        """Why a row that is marked goes: its date, else an order; else somebody else marked it."""
        if row.end_us <= self.history.cutoff_us(row.retention_class, self.now_us):
            version = self.history.governing(row.retention_class, row.end_us).version
            return Cause("retention.erase", row.retention_class, version)
        for order in self.orders:
            if order.covers(row.camera_id, row.start_us, row.end_us):
                return Cause("destruction.erase", row.retention_class, order=order.destruction_id)
        return Cause("garbage.erase", row.retention_class)
