"""The object store: SeaweedFS from its wheel, or MinIO built from source; the same settings for either."""

import os

from vantage_stack.errors import StackError
from vantage_stack.store.access import S3Access
from vantage_stack.store.minio import Minio
from vantage_stack.store.seaweed import Seaweed

VARIABLE = "VANTAGE_STACK_STORE"
Store = Seaweed | Minio
STORES: dict[str, type[Store]] = {"embedded": Seaweed, "minio": Minio}

__all__ = ["STORES", "VARIABLE", "Minio", "S3Access", "Seaweed", "Store", "store_class"]


def store_class(kind: str | None = None) -> type[Store]:
    """The store of that kind, or the one that VANTAGE_STACK_STORE asks for (embedded unless it is set).

    Raises StackError for another word.
    """
    word = kind or os.environ.get(VARIABLE) or "embedded"
    try:
        return STORES[word]
    except KeyError:
        msg = f"there is no object store {word!r}: set {VARIABLE} to embedded (SeaweedFS) or minio"
        raise StackError(msg) from None
