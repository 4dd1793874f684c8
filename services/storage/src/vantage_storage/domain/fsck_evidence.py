"""Compares what storage says of a copy that is held with what the store lists of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vantage_storage.domain.disagreement import IN_FLIGHT, Disagreement, since
from vantage_storage.domain.fsck import Listed, Seen, Times

PATIENCE_US = 3_600_000_000
"""How long a chore may take for what is its to do, before it counts as left."""


@dataclass(frozen=True)
class CopyRow:
    """A row of `storage.evidence`: its state, and where its bytes are."""

    object: str
    camera_id: str
    recording_id: str
    state: str
    version: str
    size: int
    sha256: str
    claimed_us: int
    locked_until_us: int
    failure: str


@dataclass(frozen=True)
class HoldCheck:
    """Judges the pairs of one hold. `extras` are the versions that storage knows to be no copy's, with their locks."""

    hold_id: str
    standing: bool
    ends_us: int
    extras: Mapping[tuple[str, str], int]
    times: Times

    def judge(self, row: CopyRow | None, there: Listed | None) -> Iterator[Disagreement]:
        """What the pair disagrees about; IN_FLIGHT is none."""
        versions = there.versions if there else ()
        if row is not None and row.state == "stored":
            yield from self._of_stored(row, next((one for one in versions if one.version == row.version), None))
        elif row is not None:
            yield from self._of_unfinished(row)
        for one in versions:
            if row is None or one.version != row.version:
                yield from self._of_further(row, one)

    def lock(self, row: CopyRow, store_says_us: int) -> Iterator[Disagreement]:
        """What the store's lock of a stored copy disagrees about."""
        needed = min(row.locked_until_us, self.ends_us)
        if self.standing and (store_says_us < needed or row.locked_until_us < min(self.times.now_us, self.ends_us)):
            value = f"locked until {store_says_us}, {row.locked_until_us} is noted, the hold ends at {self.ends_us}"
            yield self._found("evidence-lock-lapsed", row, value)

    def _of_stored(self, row: CopyRow, copy: Seen | None) -> Iterator[Disagreement]:
        if copy is None or copy.marker:
            yield self._found("evidence-missing", row, f"{row.object} version {row.version}")
        elif copy.size != row.size:
            yield self._found("size-differs", row, f"{copy.size} bytes, {row.size} are noted")

    def _of_unfinished(self, row: CopyRow) -> Iterator[Disagreement]:
        left_us = max(row.claimed_us, row.locked_until_us)
        if row.state == "garbage" and left_us + PATIENCE_US < self.times.now_us:
            yield self._found("evidence-garbage-left", row, f"its lock has ended {since(left_us)}")
        if row.state == "writing" and self.standing and (row.failure or self._is_old(row.claimed_us)):
            yield self._found("evidence-writing-left", row, row.failure or f"not stored {since(row.claimed_us)}")

    def _of_further(self, row: CopyRow | None, one: Seen) -> Iterator[Disagreement]:
        known_us = self.extras.get((one.key, one.version))
        if known_us is not None and not self._is_old(known_us):
            return
        being_written = row is not None and row.state != "stored" and not self._is_old(row.claimed_us)
        camera_id = row.camera_id if row else ""
        kind = IN_FLIGHT if known_us is None and being_written else "extra-version"
        yield Disagreement(kind, camera_id, one.key, f"version {one.version} of hold {self.hold_id}: {one.size} bytes")

    def _is_old(self, moment_us: int) -> bool:
        return moment_us + PATIENCE_US < self.times.now_us

    def _found(self, kind: str, row: CopyRow, value: str) -> Disagreement:
        return Disagreement(kind, row.camera_id, row.recording_id, f"hold {self.hold_id}: {value}")
