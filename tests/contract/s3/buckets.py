"""The suite's own buckets: made under names that nobody else has, emptied as far as locks allow."""

from collections.abc import Sequence
from uuid import uuid4

from minio.error import S3Error

from vantage.errors import ObjectMissing, VantageError
from vantage.objects import S3ObjectStore, Version
from vantage.testing import keep_versions

PREFIX = "vantage-s3-suite-"


class Buckets:
    """Those of one run, and what earlier runs on the same store had to leave."""

    def __init__(self, store: S3ObjectStore) -> None:
        self._store = store
        self._names: list[str] = []

    def make(self, *, versions: bool = False, lock: bool = False) -> str:
        """A new bucket's name."""
        name = f"{PREFIX}{uuid4().hex[:12]}"
        self._store.ensure_bucket(name, lock=lock)
        self._names.append(name)
        if versions:
            keep_versions(self._store, name)
        return name

    def remove(self) -> Sequence[str]:
        """Remove them; the names of those that a lock keeps, which a later run removes."""
        earlier = [one.name for one in self._store.client.list_buckets() if one.name.startswith(PREFIX)]
        return [name for name in dict.fromkeys(self._names + earlier) if not self._is_removed(name)]

    def _is_removed(self, name: str) -> bool:
        try:
            self._store.erase_many(name, [Version(one.key, one.version) for one in self._store.versions(name)])
            self._store.client.remove_bucket(name)
        except ObjectMissing:
            return True
        except (VantageError, S3Error):
            return False
        return True
