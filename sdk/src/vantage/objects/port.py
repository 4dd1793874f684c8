"""What Vantage asks of an object store. `tests/contract/ports` holds every adapter and the fake to it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from vantage.objects.file_bytes import FileBytes
from vantage.objects.keyring import Keyring

UNCHECKED: Final = "UNSIGNED-PAYLOAD"
"""For `put`: the store does not compare what it receives, because whoever reads the object does. In S3's own words."""

UNNAMED: Final = "null"
"""The version that is written while a bucket keeps none, in S3's own word; there is at most one of a key."""


@dataclass(frozen=True)
class ObjectInfo:
    """An object as the store knows it: key, size in bytes, entity tag, time of last change (UTC microseconds).

    `version` is None where the store does not name it: in a bucket without versions, and in a list. `versions` names
    each, with `null` for what was written while the bucket kept none. `marker` says that this version is the mark of a
    deletion, without bytes; only `versions` gives such.
    """

    key: str
    size: int
    etag: str
    modified_us: int
    version: str | None = None
    marker: bool = False


@dataclass(frozen=True)
class Version:
    """One version of an object by its name, as `versions` gives it.

    A version of None is the object of a bucket without versions; in one with versions it deletes as `delete` does.
    """

    key: str
    version: str | None = None


class ObjectStore(Protocol):
    """Whole objects in, ranges out. Every call may raise StoreUnavailable (try again) or StoreRefused (do not).

    A key is a path: segments of printable characters without a backslash, none of them empty, `.` or `..`, and no
    object under another. With a keyring what is written is encrypted, and read by nobody without its key: a call that
    needs one may raise what the keyring raises.
    """

    @property
    def keyring(self) -> Keyring | None:
        """Where the keys are that encrypt the objects; None where the store keeps them as they come."""
        ...

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes | FileBytes,
        content_type: str = "application/octet-stream",
        *,
        sha256: str | None = None,
        lock_until_us: int | None = None,
    ) -> ObjectInfo:
        """Write an object whole; it is there for every reader when this returns.

        The store compares what it receives with `sha256` (hex); without one it is counted here, unless UNCHECKED says
        that nobody has to. Raises ContentMismatch where they differ, ContentUnreadable where a file cannot be read:
        in both cases nothing was written. With `lock_until_us` (UTC microseconds, a bucket with lock) nobody can
        delete this version before then: S3's COMPLIANCE mode.
        """
        ...

    def get(
        self, bucket: str, key: str, offset: int = 0, length: int | None = None, *, version: str | None = None
    ) -> bytes:
        """The object's bytes from `offset`, exactly `length` of them (to its end without one).

        Raises ObjectMissing where the object, or that range of it, is not there; a range begins within the object.
        """
        ...

    def stat(self, bucket: str, key: str, *, version: str | None = None) -> ObjectInfo:
        """What the store knows of an object. Raises ObjectMissing."""
        ...

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """The objects under a prefix, in the order of their keys, after a key.

        The order of folders whose names begin alike (`cam/`, `cam-2/`) is the store's; all is listed once, and what
        comes after a key is what a whole list gives after it.
        """
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object; it is no error if it is not there."""
        ...

    def delete_many(self, bucket: str, keys: Iterable[str]) -> None:
        """Delete objects in bulk; those that are not there are no error."""
        ...

    def versions(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version under a prefix, marks of deletions among them, in the order of their keys (see `list`).

        A bucket without versions gives its objects, so that what this lists is all that is there.
        """
        ...

    def folders(self, bucket: str, prefix: str = "") -> Iterator[str]:
        """The prefixes one level (`/`) below a prefix that is empty or ends with `/`, of current objects, in order.

        A store may also give one whose objects have all gone, while their versions are kept or for some minutes.
        """
        ...

    def erase_many(self, bucket: str, versions: Iterable[Version]) -> Sequence[Version]:
        """Delete versions for good, in bulk; those that are not there are no error.

        Returns those that a lock keeps, and has deleted the others.
        """
        ...

    def lock(self, bucket: str, key: str, version: str, until_us: int) -> None:
        """Keep a version until then (UTC microseconds, COMPLIANCE). Raises StoreRefused where it is kept for longer."""
        ...

    def locked_until(self, bucket: str, key: str, version: str) -> int | None:
        """Until when a lock keeps a version (UTC microseconds), or None where it never had one. Raises ObjectMissing.

        It is the whole second at or after what was asked for, and stays when it has passed.
        """
        ...

    def has_versions(self, bucket: str) -> bool:
        """Whether the bucket keeps versions, or kept them once: then a plain delete may leave bytes behind."""
        ...

    def ensure_bucket(self, bucket: str, *, lock: bool = False) -> None:
        """Make the bucket unless it is there; with `lock`, one whose objects can be locked (versioned by itself).

        Raises StoreRefused where the bucket is there without the lock that was asked for.
        """
        ...
