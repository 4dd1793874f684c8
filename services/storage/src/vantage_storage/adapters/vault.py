"""The bucket `evidence`: a copy is written with its lock, or found where an interrupted write left it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vantage.clock import Clock
from vantage.errors import ContentMismatch, ObjectMissing
from vantage.objects import ObjectStore, Version
from vantage_storage.adapters.bulk import Bulk
from vantage_storage.adapters.evidence_book import BUCKET, Copy
from vantage_storage.domain.lock_term import lock_until_us

_TYPE = "video/mp4"


@dataclass(frozen=True)
class Outcome:
    """What became of a copy: where its bytes are and until when they are locked, or why there are none.

    `extras` are versions under its key that it does not need, each with the end of its lock.
    """

    version: str = ""
    locked_until_us: int = 0
    failure: str = ""
    extras: Sequence[tuple[Version, int]] = field(default_factory=list)


class Vault:
    """Writes and locks copies. Safe to use from several threads. Raises StoreUnavailable and StoreRefused."""

    def __init__(self, store: ObjectStore, clock: Clock, term_us: int) -> None:
        self._store = store
        self._clock = clock
        self._term_us = term_us
        self._bulk = Bulk(store)

    def prepare(self) -> None:
        """Make the bucket. Raises StoreRefused where it is there and cannot lock."""
        self._store.ensure_bucket(BUCKET, lock=True)

    def write(self, copy: Copy, *, look: bool) -> Outcome:
        """Write a copy whose bytes are those that were indexed; `look` first whether an earlier write did."""
        found = self._found(copy) if look else []
        until_us = lock_until_us(copy.ends_us, self._clock.now_us(), self._term_us)
        whole = next((one for one in found if self._is_whole(copy, one)), None)
        extras = [(one, self.locked_until(one)) for one in found if one != whole]
        if whole is not None:
            return self._read_back(copy, whole, until_us, extras)
        try:
            content = self._original(copy)
            put = self._store.put(BUCKET, copy.object, content, _TYPE, sha256=copy.sha256, lock_until_us=until_us)
        except (ObjectMissing, ContentMismatch) as error:
            return Outcome(failure=str(error), extras=extras)
        return self._read_back(copy, Version(copy.object, put.version), until_us, extras)

    def extend(self, copy: Copy) -> int:
        """Make the lock of a stored copy longer; until when it is locked now. Raises ObjectMissing."""
        until_us = lock_until_us(copy.ends_us, self._clock.now_us(), self._term_us)
        self._store.lock(BUCKET, copy.object, copy.version or "", until_us)
        return self.locked_until(copy.as_version)

    def locked_until(self, version: Version) -> int:
        """Until when a lock keeps a version, 0 where none does."""
        if version.version is None:
            return 0
        try:
            return self._store.locked_until(BUCKET, version.key, version.version) or 0
        except ObjectMissing:  # it went meanwhile, or is the mark of a deletion
            return 0

    def left(self, cell: str, hold_id: str) -> Iterator[Version]:
        """Every version under a hold's prefix, marks of deletions among them."""
        listed = self._bulk.versions(BUCKET, f"{cell}/{hold_id}/")
        return (Version(one.key, one.version) for one in listed)

    def erase(self, versions: Sequence[Version]) -> list[Version]:
        """Erase versions for good; those that a lock keeps."""
        return self._bulk.erase_versions(BUCKET, versions)

    def _found(self, copy: Copy) -> list[Version]:
        listed = self._bulk.versions(BUCKET, copy.object)
        return [Version(one.key, one.version) for one in listed if one.key == copy.object]

    def _is_whole(self, copy: Copy, version: Version) -> bool:
        try:
            content = self._store.get(BUCKET, version.key, version=version.version)
        except ObjectMissing:
            return False
        return hashlib.sha256(content).hexdigest() == copy.sha256

    def _original(self, copy: Copy) -> bytes:
        """The original's bytes. Raises ContentMismatch where they are not those that were indexed, ObjectMissing."""
        if not copy.source_object:
            msg = f"recording {copy.recording_id} is no longer in the index: there is nothing to copy"
            raise ObjectMissing(msg)
        content = self._store.get(copy.source_bucket, copy.source_object)
        digest = hashlib.sha256(content).hexdigest()
        if digest != copy.sha256:
            msg = (
                f"{copy.source_bucket}/{copy.source_object} has SHA-256 {digest}, {copy.sha256} was indexed: it is no "
                "evidence; see who wrote to the store, and whether a backup has the bytes"
            )
            raise ContentMismatch(msg)
        return content

    def _read_back(self, copy: Copy, version: Version, until_us: int, extras: list[tuple[Version, int]]) -> Outcome:
        """What the store says of a version that was written; one without its lock is no copy."""
        locked_us = self.locked_until(version)
        if locked_us < until_us and version.version:
            self._store.lock(BUCKET, version.key, version.version, until_us)
            locked_us = self.locked_until(version)
        size = self._store.stat(BUCKET, version.key, version=version.version).size
        if version.version and locked_us >= until_us and size == copy.size:
            return Outcome(version.version, locked_us, extras=extras)
        failure = (
            f"the store has {size} of {copy.size} bytes of {BUCKET}/{version.key} ({version.version}), locked until "
            f"{locked_us} where {until_us} was asked: it does not keep evidence, run its conformance suite"
        )
        return Outcome(failure=failure, extras=[*extras, (version, locked_us)])
