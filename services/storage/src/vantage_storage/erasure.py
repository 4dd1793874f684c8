"""The chore that lets recordings and tracks go when they are due. `docs/design/storage.md` numbers its crash points.

A recording goes in three steps, so many rows at a time: its row is marked, its object is erased with every version, and
its row is deleted in one transaction with the receipt. A round begins with what another one marked and did not finish.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from vantage.errors import StoreRefused
from vantage.postgres import database_errors
from vantage_storage.adapters import garbage, orders
from vantage_storage.adapters.accounts import account_for
from vantage_storage.adapters.bulk import Bulk
from vantage_storage.adapters.days import Days
from vantage_storage.adapters.garbage import BATCH, Doomed
from vantage_storage.chores import Chore
from vantage_storage.destructions import destroy_keys
from vantage_storage.domain.day import bounds_us
from vantage_storage.parts import Parts
from vantage_storage.rules import Rules
from vantage_storage.track_erasure import erase_due_tracks, erase_ordered_tracks

_log = structlog.get_logger()
_EVERY_S = 10.0
_THREADS = 4
_MOST_REFUSALS = 20
_HOUR_US = 3_600_000_000
_BEFORE_ALL = ("", -1, -1)


def erasure_chores(parts: Parts) -> list[Chore]:
    """What lets recordings and tracks go."""
    return [Chore("erasure", _EVERY_S, Erasure(parts).round)]


class Erasure:
    """Rounds of erasing. What a round remembers of the one before saves it work, and is not needed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._bulk = Bulk(parts.store)
        self._days = Days(parts.pool)
        self._walked: dict[int, tuple[int, int]] = {}
        self._refusals: list[StoreRefused] = []

    def round(self) -> None:
        """Finish what is marked, then let go what is due, day by day.

        Raises a Retryable at once, and StoreRefused when all else is done.
        """
        self._refusals.clear()
        with database_errors(self._parts.dsn):
            rules = Rules.read(self._parts)
            self._carry_orders_out(rules)
            self._finish_marked(rules)
            days = self._days.there()
            for day in days:
                self._walk(day, rules)
            self._days.drop_empty(day for day in days if bounds_us(day)[1] <= rules.all_due_us)
            for order in rules.orders:
                destroy_keys(self._parts, order)
        if self._refusals:
            raise self._refusals[0]

    def _carry_orders_out(self, rules: Rules) -> None:
        """Mark what came since for the spans that were ordered to be destroyed."""
        for order in rules.orders:
            with self._parts.pool.connection() as connection:
                orders.mark(connection, order)
                if order.to_us <= rules.all_due_us:
                    orders.close(connection, order, rules.now_us)
        erase_ordered_tracks(self._parts, rules)

    def _finish_marked(self, rules: Rules) -> None:
        after = (-1, "", -1)
        while not self._parts.running.stop.is_set():
            with self._parts.pool.connection() as connection:
                rows = garbage.read_garbage(connection, after)
            if not rows:
                return
            self._finish(rows, rules)
            after = (rows[-1].start_us, rows[-1].camera_id, rows[-1].epoch)

    def _walk(self, day: int, rules: Rules) -> None:
        """Let go what is due of a day, from its first key to its last: once an hour, and for a new version at once.

        A walk passes each row of the day, of which there are millions. So what falls due within the hour waits for the
        next, as it may.
        """
        reason = (rules.history.newest.version, rules.now_us // _HOUR_US)
        if rules.any_due_us < bounds_us(day)[0] or self._walked.get(day) == reason:
            return
        erase_due_tracks(self._parts, day, rules)
        with ThreadPoolExecutor(_THREADS, "erasure") as threads:
            for batches in self._marked(day, rules):
                list(threads.map(lambda rows: self._finish(rows, rules), batches))
        if not self._parts.running.stop.is_set():
            self._walked[day] = reason

    def _marked(self, day: int, rules: Rules) -> Iterator[Sequence[Sequence[Doomed]]]:
        """Mark what is due: as many batches at a time as there are threads."""
        after, more = _BEFORE_ALL, True
        while more and not self._parts.running.stop.is_set():
            batches: list[Sequence[Doomed]] = []
            while more and len(batches) < _THREADS:
                with self._parts.pool.connection() as connection:
                    rows = garbage.mark_due(connection, day, after, rules.cutoffs)
                more = len(rows) == BATCH
                after = rows[-1].key if rows else after
                batches.append(rows)
            yield batches

    def _finish(self, rows: Sequence[Doomed], rules: Rules) -> None:
        """Erase the objects of rows that are marked; then delete the rows and write the receipt in one transaction."""
        kept: set[str] = set()
        for bucket in {one.bucket for one in rows}:
            kept |= self._erase_objects(bucket, [one.object for one in rows if one.bucket == bucket])
        if kept:
            _log.error("objects are kept by a lock or a refusal and not erased", objects=len(kept), example=min(kept))
        gone = [one for one in rows if one.object not in kept]
        if not gone:
            return
        with database_errors(self._parts.dsn), self._parts.pool.connection() as connection:
            deleted = garbage.delete_rows(connection, gone)
            accounted = [(rules.cause_of(one), one.erased) for one in gone if one.key in deleted]
            account_for(connection, accounted, self._parts.clock.now_us())

    def _erase_objects(self, bucket: str, keys: list[str]) -> set[str]:
        """Erase objects; the keys of those that stay. One that the store refuses must not keep the others."""
        try:
            return self._bulk.erase(bucket, keys)
        except StoreRefused as error:
            if len(keys) == 1:
                self._refusals.append(error)
                if len(self._refusals) > _MOST_REFUSALS:  # it is not the objects
                    raise
                return set(keys)
            half = len(keys) // 2
            return self._erase_objects(bucket, keys[:half]) | self._erase_objects(bucket, keys[half:])
