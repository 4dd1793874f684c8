"""Erases objects for good, many in a call: every version and every mark of a deletion, where a bucket keeps them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from vantage.errors import ObjectMissing
from vantage.objects import ObjectInfo, ObjectStore, Version
from vantage_storage import metrics

_PAGE = 1000


class Bulk:
    """Erasing in one store. Safe to use from several threads. A bucket that is not there has nothing in it.

    Raises StoreUnavailable and StoreRefused.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def erase(self, bucket: str, keys: Iterable[str]) -> set[str]:
        """Erase objects with all their versions; the keys of those that a lock keeps."""
        wanted = set(keys)
        try:
            if self._store.has_versions(bucket):
                return {one.key for one in self.erase_versions(bucket, self._versions_of(bucket, wanted))}
            self._store.delete_many(bucket, sorted(wanted))
        except ObjectMissing:
            return set()
        metrics.OBJECTS_ERASED.labels(bucket).inc(len(wanted))
        return set()

    def erase_versions(self, bucket: str, versions: Iterable[Version]) -> list[Version]:
        """Erase versions, a page a call; those that a lock keeps."""
        kept: list[Version] = []
        for page in pages(versions, _PAGE):
            locked = self._store.erase_many(bucket, page)
            metrics.OBJECTS_ERASED.labels(bucket).inc(len(page) - len(locked))
            metrics.OBJECTS_KEPT.labels(bucket).inc(len(locked))
            kept += locked
        return kept

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """The prefixes one level below a prefix; none where the bucket is not there."""
        try:
            return list(self._store.folders(bucket, prefix))
        except ObjectMissing:
            return []

    def versions(self, bucket: str, prefix: str) -> Iterator[ObjectInfo]:
        """Every version under a prefix; none where the bucket is not there."""
        try:
            yield from self._store.versions(bucket, prefix)
        except ObjectMissing:
            return

    def has_versions(self, bucket: str) -> bool:
        """Whether deleting an object may leave bytes behind; not where the bucket is not there."""
        try:
            return self._store.has_versions(bucket)
        except ObjectMissing:
            return False

    def _versions_of(self, bucket: str, keys: set[str]) -> Iterator[Version]:
        """Every version of the keys, found by listing the folders that they lie in."""
        folders: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            folders[key.rpartition("/")[0] + "/"].add(key)
        for folder, wanted in sorted(folders.items()):
            listed = self.versions(bucket, folder)
            yield from (Version(one.key, one.version) for one in listed if one.key in wanted)


def pages(things: Iterable[Version], size: int) -> Iterator[Sequence[Version]]:
    """The things, so many at a time."""
    page: list[Version] = []
    for one in things:
        page.append(one)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
