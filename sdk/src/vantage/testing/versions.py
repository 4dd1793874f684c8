"""Making a bucket keep versions, which no part of Vantage does: its administrator may, and then erasure must know."""

from minio.commonconfig import ENABLED
from minio.versioningconfig import SUSPENDED, VersioningConfig

from vantage.objects import S3ObjectStore
from vantage.testing.memory_bucket import Versioning
from vantage.testing.memory_objects import MemoryObjectStore

_WORDS = {Versioning.ON: ENABLED, Versioning.SUSPENDED: SUSPENDED}


def keep_versions(
    store: MemoryObjectStore | S3ObjectStore, bucket: str, versioning: Versioning = Versioning.ON
) -> None:
    """Let a bucket keep versions from now on, or, with SUSPENDED, no longer."""
    if isinstance(store, MemoryObjectStore):
        store.set_versioning(bucket, versioning)
    else:
        store.client.set_bucket_versioning(bucket, VersioningConfig(_WORDS[versioning]))
