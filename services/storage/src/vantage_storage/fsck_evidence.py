"""The check of `evidence`: each hold's copies as storage has them, beside what the store lists and locks."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from vantage.errors import ObjectMissing
from vantage_storage.adapters import fsck_books, fsck_copies, hold_book
from vantage_storage.adapters.bulk import Bulk
from vantage_storage.adapters.evidence_book import BUCKET
from vantage_storage.domain.disagreement import IN_FLIGHT, Disagreement
from vantage_storage.domain.fsck import Listed, Times, listed, pairs
from vantage_storage.domain.fsck_evidence import PATIENCE_US, CopyRow, HoldCheck
from vantage_storage.domain.hold import Hold
from vantage_storage.domain.sample import Drawn
from vantage_storage.fsck_findings import Findings, Scope
from vantage_storage.fsck_footage import seen
from vantage_storage.fsck_sample import Reader
from vantage_storage.parts import Parts

_THREADS = 4
_PAGE = 200
_NOBODY = (-1, "")
_BATCH = 500


@dataclass(frozen=True)
class EvidenceCheck:
    """One walk over all holds that are not gone and have a camera of the scope."""

    parts: Parts
    scope: Scope
    times: Times
    findings: Findings
    reader: Reader

    def run(self) -> None:
        """Look at everything. Raises what psycopg raises, StoreUnavailable and StoreRefused."""
        known: set[str] = set()
        after, page = _NOBODY, _PAGE
        while page == _PAGE and not self.parts.running.stop.is_set():
            with self.parts.pool.connection() as connection:
                holds = hold_book.read_page(connection, after, _PAGE, gone=False)
            for hold in holds:
                known.add(hold.hold_id)
                if any(map(self.scope.has_camera, hold.cameras)):
                    self._hold(hold)
            page, after = len(holds), (holds[-1].placed_us, holds[-1].hold_id) if holds else after
        if self.scope.whole:
            self._of_no_hold(known)

    def _hold(self, hold: Hold) -> None:
        self._without_copy(hold)
        check, cell = self._check(hold), self.parts.settings.cell_id
        folders = Bulk(self.parts.store).folders(BUCKET, f"{cell}/{hold.hold_id}/")
        for camera in sorted({*hold.cameras, *(f"{cell}.{one.split('/')[2]}" for one in folders)}):
            if self.scope.has_camera(camera):
                self._camera(hold, check, camera)

    def _camera(self, hold: Hold, check: HoldCheck, camera_id: str) -> None:
        """A hold's copies of one camera lie in one folder, which any store lists in the order of keys."""
        cell, name = camera_id.split(".", 1)
        objects = listed(map(seen, Bulk(self.parts.store).versions(BUCKET, f"{cell}/{hold.hold_id}/{name}/")))
        with (
            self.parts.pool.connection() as connection,
            ThreadPoolExecutor(_THREADS, "fsck-evidence") as threads,
        ):
            there = pairs(fsck_copies.rows(connection, hold.hold_id, camera_id), objects)
            while batch := list(islice(there, _BATCH)):
                list(threads.map(lambda one: self._pair(hold, check, *one), batch))

    def _check(self, hold: Hold) -> HoldCheck:
        with self.parts.pool.connection() as connection:
            extras = fsck_copies.extras(connection, hold.hold_id)
        return HoldCheck(hold.hold_id, hold.state == "standing", hold.ends_us, extras, self.times)

    def _pair(self, hold: Hold, check: HoldCheck, row: CopyRow | None, there: Listed | None) -> None:
        """Judge a key, and judge it anew where something is wrong: what is so at both looks counts."""
        if self.parts.running.stop.is_set():
            return
        self.findings.looked_at("copies", row is not None)
        found = self._judge(check, row, there)
        if any(one.kind != IN_FLIGHT for one in found):
            key = row.object if row else there.key if there else ""
            versions = [one for one in Bulk(self.parts.store).versions(BUCKET, key) if one.key == key]
            with self.parts.pool.connection() as connection:
                row = fsck_copies.row(connection, hold.hold_id, key)
            again = self._judge(self._check(hold), row, next(listed(map(seen, versions)), None))
            found = [one for one in found if one in again]
            if any(one.kind == "evidence-missing" for one in found):
                self.findings.lost(hold.hold_id, key)
        elif row and row.state == "stored":
            self.reader.offer(Drawn(BUCKET, row.object, row.version, row.sha256, row.camera_id, row.recording_id))
        self.findings.found(found)

    def _judge(self, check: HoldCheck, row: CopyRow | None, there: Listed | None) -> Sequence[Disagreement]:
        found = list(check.judge(row, there))
        if row and row.state == "stored" and check.standing and not found:
            try:
                until_us = self.parts.store.locked_until(BUCKET, row.object, row.version) or 0
            except ObjectMissing:
                return found
            found += check.lock(row, until_us)
        return found

    def _without_copy(self, hold: Hold) -> None:
        """Name the recordings that a standing hold covers and that nobody has begun to copy."""
        old_us = self.times.now_us - PATIENCE_US
        if hold.state != "standing" or hold.placed_us > old_us:
            return
        with self.parts.pool.connection() as connection:
            window = (hold.from_us, hold.to_us)
            for camera, recording in fsck_books.without_copy(connection, hold.hold_id, hold.cameras, window, old_us):
                self.findings.found([Disagreement("hold-copy-missing", camera, recording, f"hold {hold.hold_id}")])

    def _of_no_hold(self, known: set[str]) -> None:
        for folder in Bulk(self.parts.store).folders(BUCKET, f"{self.parts.settings.cell_id}/"):
            hold_id = folder.split("/")[1]
            if hold_id not in known and self._is_unknown(hold_id):
                self.findings.found([Disagreement("evidence-of-no-hold", "", folder)])

    def _is_unknown(self, hold_id: str) -> bool:
        """Whether there is no such hold now, or it is said that nothing is left of it."""
        with self.parts.pool.connection() as connection:
            hold = hold_book.read(connection, hold_id)
        return hold is None or hold.state == "gone"
