"""The check of `footage`: each camera's day as the index has it, beside what the store lists of it.

A disagreement is named when two looks saw it. The first reads rows before objects, so an object without a row is none
that an erasure was about to account for; the second reads objects before rows, so a row without an object is none that
was marked meanwhile.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vantage.objects import ObjectInfo
from vantage_storage.adapters import fsck_rows, leftovers
from vantage_storage.adapters.bulk import Bulk
from vantage_storage.adapters.days import Days
from vantage_storage.domain.day import compact
from vantage_storage.domain.disagreement import IN_FLIGHT, Disagreement
from vantage_storage.domain.fsck import DayCheck, Listed, Row, Seen, Times, listed, pairs
from vantage_storage.domain.place import place_of
from vantage_storage.domain.policy import PolicyHistory
from vantage_storage.domain.sample import Drawn
from vantage_storage.fsck_findings import Findings, Scope
from vantage_storage.fsck_sample import Reader
from vantage_storage.parts import Parts

BUCKET = "footage"
_THREADS = 4


@dataclass(frozen=True)
class FootageCheck:
    """One walk over all cameras and days of a scope."""

    parts: Parts
    scope: Scope
    history: PolicyHistory
    times: Times
    findings: Findings
    reader: Reader

    def run(self) -> None:
        """Look at everything. Raises what psycopg raises, StoreUnavailable and StoreRefused."""
        tables = Days(self.parts.pool).there()
        in_store = self._days_in_store()
        with self.parts.pool.connection() as connection:
            in_index = fsck_rows.cameras(connection)
        with ThreadPoolExecutor(_THREADS, "fsck") as threads:
            for camera in sorted({*in_index, *in_store}):
                if self.scope.has_camera(camera) and not self.parts.running.stop.is_set():
                    days = sorted({*tables, *in_store.get(camera, ())})
                    named = [(camera, day) for day in days if self.scope.has_day(day)]
                    list(threads.map(self._day, named))

    def _days_in_store(self) -> dict[str, set[int]]:
        """The days of each camera that has objects. What lies where no day belongs is named, as nobody erases it."""
        found: dict[str, set[int]] = {}
        for name in self._places():
            if place := place_of(BUCKET, name):
                found.setdefault(place.camera_id, set()).add(place.day)
            elif self.scope.whole:
                self.findings.found([Disagreement("strange-key", "", name)])
        return found

    def _places(self) -> Iterator[str]:
        """Every folder of a day, or every key where a bucket keeps versions: what is deleted has no folder there."""
        cell, bulk = f"{self.parts.settings.cell_id}/", Bulk(self.parts.store)
        if bulk.has_versions(BUCKET):
            return (one.key for one in bulk.versions(BUCKET, cell))
        return (folder for camera in bulk.folders(BUCKET, cell) for folder in bulk.folders(BUCKET, camera))

    def _day(self, named: tuple[str, int]) -> None:
        if self.parts.running.stop.is_set():
            return
        rows = self._rows(*named)
        first = self._compare(named, rows, listed(self._seen(*named)), is_first=True)
        if any(one.kind != IN_FLIGHT for one in first):
            objects = list(listed(self._seen(*named)))
            again = self._compare(named, self._rows(*named), objects)
            first = [one for one in first if one in set(again)]
        self.findings.found(first)

    def _compare(
        self, named: tuple[str, int], rows: Sequence[Row], objects: Iterable[Listed], *, is_first: bool = False
    ) -> list[Disagreement]:
        check = DayCheck(*named, self._class_otherwise(*named), self.history, self.times)
        found: list[Disagreement] = []
        for row, there in pairs(rows, objects):
            disagreements = list(check.judge(row, there))
            found += disagreements
            if is_first:
                self._count(row, there, named[0], whole=not disagreements)
        return found

    def _count(self, row: Row | None, there: Listed | None, camera_id: str, *, whole: bool) -> None:
        self.findings.looked_at("rows", row is not None)
        self.findings.looked_at("objects", there is not None)
        if row and whole and not row.garbage:
            self.reader.offer(Drawn(BUCKET, row.object, "", row.sha256, camera_id, row.recording_id))

    def _rows(self, camera_id: str, day: int) -> list[Row]:
        with self.parts.pool.connection() as connection:
            return list(fsck_rows.rows(connection, camera_id, day))

    def _class_otherwise(self, camera_id: str, day: int) -> str:
        with self.parts.pool.connection() as connection:
            return leftovers.class_on(connection, camera_id, day)

    def _seen(self, camera_id: str, day: int) -> Iterator[Seen]:
        found = Bulk(self.parts.store).versions(BUCKET, f"{_folder(camera_id)}/{compact(day)}/")
        return map(seen, found)


def seen(one: ObjectInfo) -> Seen:
    """What the store lists, as the check takes it."""
    return Seen(one.key, one.size, one.modified_us, one.version or "", one.marker)


def _folder(camera_id: str) -> str:
    return camera_id.replace(".", "/", 1)
