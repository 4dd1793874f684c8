"""Which recordings a hold covers that nobody copies yet: what was there when it was placed, and what came since.

Whatever is found late is held all the same (`storage.is_held`), so a look costs no more than it must: the last day of
each hold each time, all of its window when it is new and again every ten minutes.
"""

from vantage_storage.adapters import evidence_book, hold_book
from vantage_storage.adapters.evidence_book import Key
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.hold import Hold
from vantage_storage.parts import Parts

_BATCH = 1000
_MOST = 20_000  # of one hold at a time, so that what comes first is copied before all has a row
_RECENT_US = DAY_US
_WHOLE_EVERY_US = 600_000_000


class NewlyHeld:
    """Makes the rows of copies. What it remembers of the time before saves it work, and is not needed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked_us: dict[str, int] = {}

    def claim(self) -> set[Key]:
        """Make rows for what is newly held; nothing of theirs can be in the store yet."""
        now_us = self._parts.clock.now_us()
        with self._parts.pool.connection() as connection:
            standing = hold_book.read_standing(connection, now_us)
        self._looked_us = {of.hold_id: at for of in standing if (at := self._looked_us.get(of.hold_id)) is not None}
        return set().union(*(self._claim_of(hold, now_us) for hold in standing))

    def _claim_of(self, hold: Hold, now_us: int) -> set[Key]:
        looked_us = self._looked_us.get(hold.hold_id)
        is_whole = looked_us is None or now_us - looked_us >= _WHOLE_EVERY_US
        from_us = hold.from_us if is_whole else max(hold.from_us, now_us - _RECENT_US)
        made: set[Key] = set()
        while from_us < hold.to_us and len(made) < _MOST and not self._parts.running.stop.is_set():
            with self._parts.pool.connection() as connection:
                batch = evidence_book.claim_new(connection, hold, from_us, now_us, _BATCH)
            made |= batch
            if len(batch) < _BATCH:
                if is_whole:
                    self._looked_us[hold.hold_id] = now_us
                break
        return made
