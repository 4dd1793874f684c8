"""The chore that erases what lies in the store past its date and has no row: objects that were never announced, stills,
exports past their date, and versions that a deletion left behind.

Recordings with a row go by the erasure. What is found here is noted first, then erased, then its note goes in one
transaction with the receipt.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

import structlog

from vantage.postgres import database_errors
from vantage_storage import metrics
from vantage_storage.adapters import leftovers
from vantage_storage.adapters.accounts import account_for
from vantage_storage.adapters.bulk import Bulk
from vantage_storage.adapters.leftovers import BATCH, Leftover
from vantage_storage.ages import publish_age
from vantage_storage.chores import Chore
from vantage_storage.day_keys import destroy_day_keys
from vantage_storage.domain.day import DAY_US
from vantage_storage.domain.erased import Cause
from vantage_storage.domain.place import BY_CAMERA, EXPORTS, Place, place_of
from vantage_storage.parts import Parts
from vantage_storage.rules import Rules

_log = structlog.get_logger()
_EVERY_S = 3600.0
_TURN_US = 2 * 3_600_000_000  # a day's objects fall due two hours before its end
_BUCKETS = (*BY_CAMERA, EXPORTS)


def sweep_chores(parts: Parts) -> list[Chore]:
    """What erases objects without a row."""
    return [Chore("sweep", _EVERY_S, Sweep(parts).round)]


class Sweep:
    """Rounds over the buckets. A bucket with versions is listed whole, and so once a day or for a new version of the
    policy; one without is asked for its folders.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._bulk = Bulk(parts.store)
        self._cell = f"{parts.settings.cell_id}/"
        self._listed: dict[str, tuple[int, int]] = {}
        self._there: dict[str, set[int]] = {}

    def round(self) -> None:
        """Erase what was noted and not finished, then what is found. Raises a Retryable."""
        with database_errors(self._parts.dsn):
            rules = Rules.read(self._parts)
            for bucket in _BUCKETS:
                self._finish(bucket)
                self._find(bucket, rules)
                if bucket in self._there:
                    destroy_day_keys(self._parts, bucket, self._there[bucket], rules)

    def _find(self, bucket: str, rules: Rules) -> None:
        reason = (rules.history.newest.version, (rules.now_us + _TURN_US) // DAY_US)
        whole = self._bulk.has_versions(bucket)
        if whole and self._listed.get(bucket) == reason:
            return
        overdue, there = 0, set()
        for place in self._listed_places(bucket) if whole else self._folders(bucket):
            if self._parts.running.stop.is_set():
                return
            if (due_us := self._due_us(place, rules)) > rules.now_us:
                there.add(place.day)
                continue
            # by the capture that its day begins with, and said before it is tried
            age = rules.now_us - due_us + place.latest_us - place.day * DAY_US
            publish_age(bucket, max(age, overdue))
            if not self._erase(place, rules):
                there.add(place.day)
                overdue = max(age, overdue)
        publish_age(bucket, overdue)
        self._there[bucket] = there
        if whole and not overdue:
            self._listed[bucket] = reason

    def _listed_places(self, bucket: str) -> Iterator[Place]:
        """Every place with a version or the mark of a deletion in it."""
        keys = (one.key for one in self._bulk.versions(bucket, self._cell))
        yield from (place for place, _ in groupby(self._places(bucket, keys)))

    def _folders(self, bucket: str) -> Iterator[Place]:
        """Every place of a bucket without versions, without looking at each object."""
        above = [self._cell] if bucket == EXPORTS else self._bulk.folders(bucket, self._cell)
        yield from self._places(bucket, (one for folder in above for one in self._bulk.folders(bucket, folder)))

    @staticmethod
    def _places(bucket: str, keys: Iterable[str]) -> Iterator[Place]:
        """The place of each key; those that name no day are nobody's to erase, and said."""
        strange = 0
        for key in keys:
            if place := place_of(bucket, key):
                yield place
            else:
                strange += 1
                _log.warning("a key names no day: look whose it is, nothing erases it", bucket=bucket, key=key)
        metrics.STRANGE_KEYS.labels(bucket).set(strange)

    def _due_us(self, place: Place, rules: Rules) -> int:
        if place.bucket == EXPORTS or place.latest_us > rules.any_due_us:  # of the latter no class is due
            return place.latest_us if place.bucket == EXPORTS else rules.now_us + 1
        return rules.history.due_us(self._class_on(place), place.latest_us)

    def _class_on(self, place: Place) -> str:
        with self._parts.pool.connection() as connection:
            return leftovers.class_on(connection, place.camera_id, place.day)

    def _erase(self, place: Place, rules: Rules) -> bool:
        """Erase what a place has without a row; whether nothing of it was kept by a lock.

        The rows are read before the objects are listed, so that one that goes meanwhile is accounted for once.
        """
        version = 0
        if place.bucket != EXPORTS:
            version = rules.history.governing(self._class_on(place), place.latest_us).version
        with self._parts.pool.connection() as connection:
            indexed = leftovers.objects_of_rows(connection, place.camera_id, place.day)
        listed = (one for one in self._bulk.versions(place.bucket, place.prefix) if one.key not in indexed)
        found = (Leftover(place.bucket, one.key, one.version or "", place.day, one.size, version) for one in listed)
        while batch := list(islice(found, BATCH)):
            with self._parts.pool.connection() as connection:
                leftovers.add(connection, batch)
            if not self._finish(place.bucket):
                return False
        return True

    def _finish(self, bucket: str) -> bool:
        """Erase what is noted of a bucket, and let the notes go with the receipt; whether nothing was kept."""
        after, all_gone = ("", ""), True
        while not self._parts.running.stop.is_set():
            with self._parts.pool.connection() as connection:
                noted = leftovers.read(connection, bucket, after)
            if not noted:
                break
            kept = set(self._bulk.erase_versions(bucket, [one.as_version for one in noted]))
            gone = [one for one in noted if one.as_version not in kept]
            if kept:
                all_gone = False
                _log.error("objects are locked and cannot be erased on time", bucket=bucket, objects=len(kept))
            self._account_for(gone)
            after = (noted[-1].object, noted[-1].version)
        return all_gone

    def _account_for(self, gone: list[Leftover]) -> None:
        with self._parts.pool.connection() as connection:
            deleted = leftovers.delete(connection, gone)
            accounted = [
                (Cause("retention.sweep", policy_version=one.policy_version), one.erased)
                for one in gone
                if one.key in deleted
            ]
            account_for(connection, accounted, self._parts.clock.now_us())
