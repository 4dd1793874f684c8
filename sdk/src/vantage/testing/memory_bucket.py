"""One bucket of MemoryObjectStore: the versions of its objects, and the locks on them, as S3 has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from vantage.objects.port import UNNAMED, ObjectInfo


class Versioning(Enum):
    """Whether a bucket keeps versions. One that did once never goes back to OFF."""

    OFF = "off"
    ON = "on"
    SUSPENDED = "suspended"


@dataclass
class Kept:
    """One version of an object, or the mark of a deletion; `info` names the version, `until_us` is its lock's end."""

    info: ObjectInfo
    data: bytes
    until_us: int | None = None

    def is_locked(self, now_us: int) -> bool:
        """Whether a lock keeps it now."""
        return self.until_us is not None and now_us < self.until_us


class MemoryBucket:
    """Not safe for several threads by itself; the store that has it is."""

    def __init__(self, *, lock: bool) -> None:
        self.lock = lock
        self.versioning = Versioning.ON if lock else Versioning.OFF
        self._objects: dict[str, list[Kept]] = {}
        self._written = 0

    def put(self, key: str, data: bytes, etag: str, now_us: int) -> Kept:
        """Write a version of an object; where none are kept, in place of the one that was there."""
        return self._add(Kept(ObjectInfo(key, len(data), etag, now_us, self._next()), data))

    def hide(self, key: str, now_us: int) -> None:
        """Delete as S3 does by name alone: what is kept stays, under a mark that is made even where nothing was."""
        if self.versioning is Versioning.OFF:
            self.erase(key, UNNAMED, now_us)
        else:
            self._add(Kept(ObjectInfo(key, 0, "", now_us, self._next(), marker=True), b""))

    def erase(self, key: str, version: str, now_us: int) -> bool:
        """Delete a version for good; whether it is gone, as one that never was."""
        found = self._find(key, version)
        if found is None:
            return True
        if found.is_locked(now_us):
            return False
        self._objects[key].remove(found)
        return True

    def object(self, key: str, version: str | None = None) -> Kept | None:
        """A version, or the current one; None where it is not there or is the mark of a deletion."""
        found = self._newest(key) if version is None else self._find(key, version)
        return None if found is None or found.info.marker else found

    def objects(self) -> Iterator[Kept]:
        """The current objects, in the order of their keys."""
        found = (self.object(key) for key in self._keys())
        yield from (one for one in found if one is not None)

    def versions(self) -> Iterator[Kept]:
        """Every version, in the order of their keys and the newest first."""
        for key in self._keys():
            yield from reversed(self._objects[key])

    def _add(self, kept: Kept) -> Kept:
        versions = self._objects.setdefault(kept.info.key, [])
        if kept.info.version == UNNAMED:
            versions[:] = [one for one in versions if one.info.version != UNNAMED]
        versions.append(kept)
        return kept

    def _newest(self, key: str) -> Kept | None:
        versions = self._objects.get(key)
        return versions[-1] if versions else None

    def _find(self, key: str, version: str) -> Kept | None:
        return next((one for one in self._objects.get(key, []) if one.info.version == version), None)

    def _keys(self) -> list[str]:
        return sorted(self._objects, key=str.encode)

    def _next(self) -> str:
        self._written += 1
        return f"{self._written:032x}" if self.versioning is Versioning.ON else UNNAMED
