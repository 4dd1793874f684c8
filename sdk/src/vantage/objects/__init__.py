"""The object store behind a small port: plain S3 and nothing more, so that any S3 serves."""

from vantage.key_ids import day_key_id, hold_key_id, key_id
from vantage.objects.file_bytes import FileBytes
from vantage.objects.keyring import Keyring
from vantage.objects.port import UNCHECKED, ObjectInfo, ObjectStore, Version
from vantage.objects.s3 import S3ObjectStore

__all__ = [
    "UNCHECKED",
    "FileBytes",
    "Keyring",
    "ObjectInfo",
    "ObjectStore",
    "S3ObjectStore",
    "Version",
    "day_key_id",
    "hold_key_id",
    "key_id",
]
