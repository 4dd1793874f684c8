"""The object store behind a small port: plain S3 and nothing more, so that any S3 serves."""

from vantage.objects.file_bytes import FileBytes
from vantage.objects.port import UNCHECKED, ObjectInfo, ObjectStore, Version
from vantage.objects.s3 import S3ObjectStore

__all__ = ["UNCHECKED", "FileBytes", "ObjectInfo", "ObjectStore", "S3ObjectStore", "Version"]
